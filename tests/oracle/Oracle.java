import io.trino.sql.parser.ParsingException;
import io.trino.sql.parser.SqlParser;
import io.trino.sql.tree.AliasedRelation;
import io.trino.sql.tree.AllColumns;
import io.trino.sql.tree.DereferenceExpression;
import io.trino.sql.tree.DescriptorField;
import io.trino.sql.tree.FunctionCall;
import io.trino.sql.tree.GenericDataType;
import io.trino.sql.tree.GenericLiteral;
import io.trino.sql.tree.Identifier;
import io.trino.sql.tree.JoinUsing;
import io.trino.sql.tree.JsonPathInvocation;
import io.trino.sql.tree.JsonPathParameter;
import io.trino.sql.tree.JsonTableColumnDefinition;
import io.trino.sql.tree.JsonTablePlan;
import io.trino.sql.tree.LongLiteral;
import io.trino.sql.tree.Node;
import io.trino.sql.tree.PatternRecognitionRelation;
import io.trino.sql.tree.QualifiedName;
import io.trino.sql.tree.RowDataType;
import io.trino.sql.tree.SingleColumn;
import io.trino.sql.tree.SortItem;
import io.trino.sql.tree.TableFunctionArgument;
import io.trino.sql.tree.TableFunctionInvocation;
import io.trino.sql.tree.WindowDefinition;
import io.trino.sql.tree.WindowFrame;
import io.trino.sql.tree.WindowReference;
import io.trino.sql.tree.WindowSpecification;
import io.trino.sql.tree.WithQuery;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Texts -> the trees that Trino's own parser makes of them, each as one line in which nothing of the tree is lost.
 *
 * <p>Every field of every node is written, found by reflection; a kind of value that nobody listed is an error. Places
 * in the text are left out, redundant parentheses and comments are not in Trino's tree. Two trees have the same line
 * only if they are equal, except for what follows here, where Trino's analyser gives both the same meaning:
 *
 * <ol>
 *   <li>Case and quotes of a name. Columns, tables, WITH names, functions, lambda arguments and fields of rows are found
 *       whatever their case (Field.canResolve, QualifiedName.of, MetadataUtil.createQualifiedObjectName), so they are
 *       written in lower case. Not so where the case can be seen in the answer or where quotes count:
 *       <ul>
 *         <li>the names of output columns (an alias, the columns of an aliased relation, of a WITH and of USING, and a
 *             column selected without an alias) are written as they stand, for the answer shows them so;
 *         <li>where Trino asks for the canonical value (in capitals unless quoted) that one is written: t.* AS (…), the
 *             columns of an aliased table function, arguments of table functions, names in JSON paths, row patterns;
 *         <li>names of types and of fields in a ROW type are lower-cased unless quoted (TypeSignatureTranslator).
 *       </ul>
 *   <li>Names of windows. They are seen only inside their own query, where Trino compares canonical values. They are
 *       written in lower case unless two of the statement differ by canonical value only.
 *   <li>Spelling of an integer. A LongLiteral means its parsed value, be it written 255, 2_55 or 0xFF.
 *   <li>NULLS LAST. Trino sorts so when nothing is said, for ASC and DESC (OrderingTranslator).
 *   <li>Case of the type in a literal such as DATE '…' (ExpressionAnalyzer.visitGenericLiteral).
 * </ol>
 *
 * <p>In: how many texts, then each as its length in bytes and its UTF-8; numbers are four bytes. Out, for each text: one
 * byte, 1 for a tree and 0 for a refusal, then the line, or what Trino says, as length and UTF-8.
 */
public final class Oracle
{
    private static final long STACK_BYTES = 512L << 20;
    /** Functions of row patterns that Trino knows only unquoted (ExpressionAnalyzer.isPatternRecognitionFunction). */
    private static final Set<String> PATTERN_FUNCTIONS =
            Set.of("first", "last", "prev", "next", "classifier", "match_number");

    private final StringBuilder line = new StringBuilder();
    private final Map<String, Set<String>> windows = new HashMap<>();
    private int patterns;

    public static void main(String[] words)
            throws InterruptedException
    {
        int[] status = {1};
        Thread reader = new Thread(null, () -> status[0] = answerAll(), "oracle", STACK_BYTES);
        reader.start();
        reader.join();
        System.exit(status[0]);
    }

    private static int answerAll()
    {
        SqlParser parser = new SqlParser();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out))) {
            for (int left = in.readInt(); left > 0; left--) {
                answer(parser, new String(in.readNBytes(in.readInt()), "UTF-8"), out);
            }
            return 0;
        }
        catch (IOException e) {
            e.printStackTrace();
            return 1;
        }
    }

    private static void answer(SqlParser parser, String text, DataOutputStream out)
            throws IOException
    {
        Node tree;
        try {
            tree = parser.createStatement(text);
        }
        catch (ParsingException | IllegalArgumentException e) {
            write(out, 0, String.valueOf(e.getMessage()));
            return;
        }
        Oracle oracle = new Oracle();
        oracle.collectWindows(tree);
        oracle.writeValue(tree);
        write(out, 1, oracle.line.toString());
    }

    private static void write(DataOutputStream out, int kind, String text)
            throws IOException
    {
        byte[] bytes = text.getBytes("UTF-8");
        out.writeByte(kind);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private void writeValue(Object value)
    {
        switch (value) {
            case Identifier name -> quote(patterns > 0 ? name.getCanonicalValue() : lower(name.getValue()));
            case QualifiedName name -> writeList(patterns > 0 ? name.getOriginalParts() : name.getParts());
            case LongLiteral number -> line.append("LongLiteral{").append(number.getParsedValue()).append('}');
            case GenericLiteral literal -> writeLiteral(literal);
            case Node node -> writeNode(node);
            case Optional<?> some -> writeValue(some.orElseThrow());
            case List<?> list -> writeList(list);
            case String text -> quote(text);
            case byte[] bytes -> line.append(HexFormat.of().formatHex(bytes));
            case Double number -> line.append(Double.toHexString(number));
            case Boolean _, Integer _, Long _ -> line.append(value);
            case SortItem.NullOrdering nulls -> line.append(nulls == SortItem.NullOrdering.FIRST ? "FIRST" : "LAST");
            case Enum<?> constant -> line.append(constant.name());
            default -> writeFields(value);
        }
    }

    private void writeNode(Node node)
    {
        boolean pattern = node instanceof PatternRecognitionRelation
                || (node instanceof WindowFrame frame && frame.getPattern().isPresent());
        patterns += pattern ? 1 : 0;
        writeFields(node);
        patterns -= pattern ? 1 : 0;
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
            if (!(value instanceof Optional<?> some && some.isEmpty())) {
                line.append(field.getName()).append('=');
                writeField(thing, field.getName(), value);
                line.append(' ');
            }
        }
        line.append('}');
    }

    private void writeExtra(Object thing)
    {
        if (thing instanceof SingleColumn column && column.getAlias().isEmpty()) {
            outputName(column).ifPresent(this::writeShown);
        }
        if (thing instanceof FunctionCall call && isPatternFunction(call.getName())) {
            line.append("of row patterns ");
        }
    }

    private void writeShown(String name)
    {
        line.append("shown as ");
        quote(name);
    }

    private void writeField(Object thing, String field, Object value)
    {
        switch (value) {
            case null -> line.append("nothing");
            case Identifier name -> quote(nameIn(thing, field, name));
            case Optional<?> some -> writeField(thing, field, some.orElseThrow());
            case List<?> list when !list.isEmpty() && list.getFirst() instanceof Identifier -> {
                line.append('[');
                list.forEach(each -> writeField(thing, field, each));
                line.append(']');
            }
            default -> writeValue(value);
        }
    }

    private String nameIn(Object thing, String field, Identifier name)
    {
        return switch (thing) {
            case SingleColumn _ when field.equals("alias") -> name.getValue();
            case AliasedRelation aliased when field.equals("columnNames") ->
                aliased.getRelation() instanceof TableFunctionInvocation ? name.getCanonicalValue() : name.getValue();
            case WithQuery _ when field.equals("columnNames") -> name.getValue();
            case JoinUsing _ -> name.getValue();
            case AllColumns _ when field.equals("aliases") -> name.getCanonicalValue();
            case TableFunctionArgument _ when field.equals("name") -> name.getCanonicalValue();
            case DescriptorField _, JsonPathParameter _, JsonPathInvocation _, JsonTablePlan _ when isName(field) ->
                name.getCanonicalValue();
            case JsonTableColumnDefinition _ when isName(field) -> name.getCanonicalValue();
            case GenericDataType _, RowDataType.Field _ -> name.isDelimited() ? name.getValue() : lower(name.getValue());
            case WindowDefinition _, WindowReference _, WindowSpecification _ when isWindowName(field) -> window(name);
            default -> patterns > 0 ? name.getCanonicalValue() : lower(name.getValue());
        };
    }

    private static boolean isName(String field)
    {
        return field.equals("name") || field.equals("pathName");
    }

    private static boolean isWindowName(String field)
    {
        return field.equals("name") || field.equals("existingWindowName");
    }

    private String window(Identifier name)
    {
        String lower = lower(name.getValue());
        return windows.getOrDefault(lower, Set.of()).size() > 1 ? name.getCanonicalValue() : lower;
    }

    private void collectWindows(Node node)
    {
        switch (node) {
            case WindowDefinition window -> remember(window.getName());
            case WindowReference window -> remember(window.getName());
            case WindowSpecification window -> window.getExistingWindowName().ifPresent(this::remember);
            default -> {}
        }
        node.getChildren().forEach(this::collectWindows);
    }

    private void remember(Identifier name)
    {
        windows.computeIfAbsent(lower(name.getValue()), _ -> new HashSet<>()).add(name.getCanonicalValue());
    }

    private static Optional<String> outputName(SingleColumn column)
    {
        return switch (column.getExpression()) {
            case Identifier name -> Optional.of(name.getValue());
            case DereferenceExpression field -> Optional.ofNullable(DereferenceExpression.getQualifiedName(field))
                    .map(name -> name.getOriginalParts().getLast().getValue());
            default -> Optional.empty();
        };
    }

    private static boolean isPatternFunction(QualifiedName name)
    {
        Identifier first = name.getOriginalParts().getFirst();
        return name.getParts().size() == 1 && !first.isDelimited() && PATTERN_FUNCTIONS.contains(name.getSuffix());
    }

    private void writeLiteral(GenericLiteral literal)
    {
        boolean quoted = literal.getType().contains("\"");
        line.append("GenericLiteral{");
        quote(quoted ? literal.getType() : lower(literal.getType()));
        quote(literal.getValue());
        line.append('}');
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

    private static String lower(String text)
    {
        return text.toLowerCase(Locale.ENGLISH);
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
