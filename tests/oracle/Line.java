import io.trino.sql.tree.AliasedRelation;
import io.trino.sql.tree.FunctionCall;
import io.trino.sql.tree.Identifier;
import io.trino.sql.tree.Join;
import io.trino.sql.tree.Lateral;
import io.trino.sql.tree.Node;
import io.trino.sql.tree.PatternRecognitionRelation;
import io.trino.sql.tree.QualifiedName;
import io.trino.sql.tree.Query;
import io.trino.sql.tree.QueryBody;
import io.trino.sql.tree.QuerySpecification;
import io.trino.sql.tree.SampledRelation;
import io.trino.sql.tree.SetOperation;
import io.trino.sql.tree.SingleColumn;
import io.trino.sql.tree.TableSubquery;
import io.trino.sql.tree.WindowFrame;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A tree of Trino's -> one line in which nothing of it is lost.
 *
 * <p>After it stands, on a line of its own, how many sort keys of a SELECT DISTINCT do not find the column of that name,
 * because one is quoted in another case: Trino refuses those.
 *
 * <p>Every field of every node is written, found by reflection; a kind of value that nobody listed is an error. Left out
 * are places in the text; redundant brackets and comments are not in Trino's trees. Two trees have the same line only if
 * they are equal, except where `Meaning` says that they mean the same.
 */
final class Line
{
    private final StringBuilder line = new StringBuilder();
    private final Meaning meaning;
    /** Whether the tables of this query can be named from outside, because nothing between gives them another name. */
    private boolean exposed;
    private int patterns;
    private long unsorted;

    private Line(Meaning meaning)
    {
        this.meaning = meaning;
    }

    static String of(Node tree)
    {
        Line line = new Line(new Meaning(tree));
        line.writeValue(tree);
        return line.line + "\n" + line.unsorted;
    }

    private void writeValue(Object value)
    {
        switch (value) {
            case Identifier name -> quote(patterns > 0 ? name.getCanonicalValue() : Meaning.lower(name));
            case QualifiedName name -> writeList(patterns > 0 ? name.getOriginalParts() : name.getParts());
            case Node node -> writeNode(meaning.plain(node, exposed, patterns > 0));
            case Optional<?> some -> writeValue(some.orElseThrow());
            case List<?> list -> writeList(list);
            case String text -> quote(text);
            case byte[] bytes -> line.append(HexFormat.of().formatHex(bytes));
            case Double number -> line.append(Double.toHexString(number));
            case Boolean _, Integer _, Long _ -> line.append(value);
            case Enum<?> constant -> line.append(Meaning.plain(constant).name());
            default -> writeFields(value);
        }
    }

    private void writeNode(Node node)
    {
        if (Meaning.isWrittenShort(node)) {
            line.append(Meaning.shortly(node));
            return;
        }
        boolean pattern = node instanceof PatternRecognitionRelation
                || (node instanceof WindowFrame frame && frame.getPattern().isPresent());
        boolean before = exposed;
        patterns += pattern ? 1 : 0;
        exposed = exposesChildren(node);
        unsorted += node instanceof QuerySpecification select ? Meaning.unseenAliases(select) : 0;
        writeFields(node);
        exposed = before;
        patterns -= pattern ? 1 : 0;
    }

    private boolean exposesChildren(Node node)
    {
        return switch (node) {
            case QuerySpecification _, Join _, SampledRelation _ -> true;
            case Query _, SetOperation _, TableSubquery _, Lateral _ -> exposed;
            case AliasedRelation _ -> false;
            default -> false;
        };
    }

    /** Write all fields of a node, or of one of the few things in a tree that are no nodes, such as the ON of a join. */
    private void writeFields(Object thing)
    {
        if (thing.getClass().getPackage() != Node.class.getPackage()) {
            throw new IllegalStateException("nobody said how to write " + thing.getClass());
        }
        line.append(thing.getClass().getSimpleName()).append('{');
        writeExtra(thing);
        for (Field field : fieldsOf(thing.getClass())) {
            Object value = read(field, thing);
            boolean written = thing instanceof SingleColumn && field.getName().equals("alias");
            if (!written && !(value instanceof Optional<?> some && some.isEmpty())) {
                line.append(field.getName()).append('=');
                writeField(thing, field.getName(), value);
                line.append(' ');
            }
        }
        line.append('}');
    }

    private void writeExtra(Object thing)
    {
        if (thing instanceof SingleColumn column) {
            Meaning.shownAs(column).ifPresent(name -> {
                line.append("shown as ");
                quote(name);
                line.append(' ');
            });
        }
        if (thing instanceof FunctionCall call && Meaning.isOfPatterns(call.getName())) {
            line.append("of row patterns ");
        }
    }

    private void writeField(Object thing, String field, Object value)
    {
        switch (value) {
            case null -> line.append("nothing");
            case Identifier name -> quote(patterns > 0 ? name.getCanonicalValue() : meaning.name(thing, field, name));
            case Optional<?> some -> writeField(thing, field, some.orElseThrow());
            case QueryBody body when thing instanceof SetOperation -> {
                writeNode(meaning.part(body, exposed));
                exposed = false; // the columns of a set operation are those of its first part
            }
            case List<?> list when thing instanceof SetOperation -> list.forEach(each -> writeField(thing, field, each));
            case List<?> list when !list.isEmpty() && list.getFirst() instanceof Identifier -> {
                line.append('[');
                list.forEach(each -> writeField(thing, field, each));
                line.append(']');
            }
            default -> writeValue(value);
        }
    }

    private void writeList(List<?> list)
    {
        line.append('[');
        for (Object each : list) {
            writeValue(each);
            line.append(' ');
        }
        line.append(']');
    }

    private void quote(String text)
    {
        line.append('"').append(text.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
    }

    private static List<Field> fieldsOf(Class<?> kind)
    {
        List<Field> fields = new ArrayList<>();
        for (Class<?> each = kind; each != Node.class && each != Object.class; each = each.getSuperclass()) {
            for (Field field : each.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    private static Object read(Field field, Object thing)
    {
        try {
            return field.get(thing);
        }
        catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
