import io.trino.sql.tree.AliasedRelation;
import io.trino.sql.tree.AllColumns;
import io.trino.sql.tree.DecimalLiteral;
import io.trino.sql.tree.DereferenceExpression;
import io.trino.sql.tree.DescriptorField;
import io.trino.sql.tree.Expression;
import io.trino.sql.tree.FrameBound;
import io.trino.sql.tree.GenericDataType;
import io.trino.sql.tree.GenericLiteral;
import io.trino.sql.tree.Identifier;
import io.trino.sql.tree.IsNotNullPredicate;
import io.trino.sql.tree.IsNullPredicate;
import io.trino.sql.tree.JoinUsing;
import io.trino.sql.tree.JsonPathInvocation;
import io.trino.sql.tree.JsonPathParameter;
import io.trino.sql.tree.JsonTableColumnDefinition;
import io.trino.sql.tree.JsonTablePlan;
import io.trino.sql.tree.LongLiteral;
import io.trino.sql.tree.Node;
import io.trino.sql.tree.NodeLocation;
import io.trino.sql.tree.NotExpression;
import io.trino.sql.tree.QualifiedName;
import io.trino.sql.tree.QuantifiedComparisonExpression.Quantifier;
import io.trino.sql.tree.Query;
import io.trino.sql.tree.QueryBody;
import io.trino.sql.tree.QuerySpecification;
import io.trino.sql.tree.Relation;
import io.trino.sql.tree.RowDataType;
import io.trino.sql.tree.Select;
import io.trino.sql.tree.SelectItem;
import io.trino.sql.tree.SingleColumn;
import io.trino.sql.tree.SortItem;
import io.trino.sql.tree.SortItem.NullOrdering;
import io.trino.sql.tree.Table;
import io.trino.sql.tree.TableFunctionArgument;
import io.trino.sql.tree.TableFunctionInvocation;
import io.trino.sql.tree.TableSubquery;
import io.trino.sql.tree.Values;
import io.trino.sql.tree.WindowDefinition;
import io.trino.sql.tree.WindowFrame;
import io.trino.sql.tree.WindowReference;
import io.trino.sql.tree.WindowSpecification;
import io.trino.sql.tree.WithQuery;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where two trees that differ mean the same, because Trino's analyser treats them alike. This list is all of it:
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
 *   <li>A column selected without an alias is shown by the last part of its name, as it stands
 *       (StatementAnalyzer.computeAndAssignOutputScope), so a is the same as a AS a.
 *   <li>Names of windows. They are seen only inside their own query, where Trino compares canonical values. They are
 *       written in lower case unless two of the statement differ by canonical value only.
 *   <li>Spelling of an integer. A LongLiteral means its parsed value, be it written 255, 2_55 or 0xFF.
 *   <li>Spelling of a decimal: zeros before it and _ in it count for nothing (Decimals.parse), so .5 is 0.5.
 *   <li>NULLS LAST. Trino sorts so when nothing is said, for ASC and DESC (OrderingTranslator).
 *   <li>Case of the type in a literal such as DATE '…' (ExpressionAnalyzer.visitGenericLiteral).
 *   <li>The type INT, which is INTEGER (TypeRegistry).
 *   <li>x IS NOT NULL, which is NOT x IS NULL (TranslationMap).
 *   <li>SOME, which is ANY (SubqueryPlanner).
 *   <li>A frame without an end, which ends at CURRENT ROW (ExpressionAnalyzer.analyzeWindow); not with a row pattern.
 *   <li>Brackets around a part of a query that has no WITH, ORDER BY, OFFSET and LIMIT of its own: the part gives the
 *       same columns with and without (StatementAnalyzer.visitTableSubquery).
 *   <li>TABLE t, which is SELECT * FROM t, and SELECT * FROM (VALUES …) x, which is VALUES …: the columns are the same.
 *       Not so in FROM (TABLE t), without an alias: there t.a may be said outside.
 * </ol>
 */
final class Meaning
{
    /** Functions of row patterns, which Trino knows only unquoted (ExpressionAnalyzer.isPatternRecognitionFunction). */
    private static final Set<String> PATTERN_FUNCTIONS =
            Set.of("first", "last", "prev", "next", "classifier", "match_number");

    private final Map<String, Set<String>> windows = new HashMap<>();

    Meaning(Node tree)
    {
        collectWindows(tree);
    }

    // --- names ---

    static String lower(Identifier name)
    {
        return lower(name.getValue());
    }

    private static String lower(String text)
    {
        return text.toLowerCase(Locale.ENGLISH);
    }

    /** Return how a name is written that stands in this field of this thing. */
    String name(Object thing, String field, Identifier name)
    {
        boolean named = field.equals("name") || field.equals("pathName");
        return switch (thing) {
            case AliasedRelation aliased when field.equals("columnNames") ->
                aliased.getRelation() instanceof TableFunctionInvocation ? name.getCanonicalValue() : name.getValue();
            case WithQuery _ when field.equals("columnNames") -> name.getValue();
            case JoinUsing _ -> name.getValue();
            case AllColumns _ when field.equals("aliases") -> name.getCanonicalValue();
            case DescriptorField _, TableFunctionArgument _ when named -> name.getCanonicalValue();
            case JsonPathParameter _, JsonPathInvocation _ when named -> name.getCanonicalValue();
            case JsonTablePlan _, JsonTableColumnDefinition _ when named -> name.getCanonicalValue();
            case GenericDataType _ when lower(name).equals("int") -> name.isDelimited() ? "\"int\"" : "integer";
            case GenericDataType _, RowDataType.Field _ -> name.isDelimited() ? name.getValue() : lower(name);
            case WindowDefinition _, WindowReference _ when named -> window(name);
            case WindowSpecification _ when field.equals("existingWindowName") -> window(name);
            default -> lower(name);
        };
    }

    /** Return the name that the answer shows for a column. */
    static Optional<String> shownAs(SingleColumn column)
    {
        if (column.getAlias().isPresent()) {
            return column.getAlias().map(Identifier::getValue);
        }
        return switch (column.getExpression()) {
            case Identifier name -> Optional.of(name.getValue());
            case DereferenceExpression field -> Optional.ofNullable(DereferenceExpression.getQualifiedName(field))
                    .map(name -> name.getOriginalParts().getLast().getValue());
            default -> Optional.empty();
        };
    }

    static boolean isOfPatterns(QualifiedName name)
    {
        Identifier first = name.getOriginalParts().getFirst();
        return name.getParts().size() == 1 && !first.isDelimited() && PATTERN_FUNCTIONS.contains(name.getSuffix());
    }

    private String window(Identifier name)
    {
        return windows.getOrDefault(lower(name), Set.of()).size() > 1 ? name.getCanonicalValue() : lower(name);
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
        windows.computeIfAbsent(lower(name), _ -> new HashSet<>()).add(name.getCanonicalValue());
    }

    /** Count the sort keys of a SELECT DISTINCT that are names of none of its columns (getAliases in StatementAnalyzer). */
    static long unseenAliases(QuerySpecification select)
    {
        if (!select.getSelect().isDistinct() || select.getOrderBy().isEmpty()) {
            return 0;
        }
        Set<String> shown = new HashSet<>();
        for (SelectItem item : select.getSelect().getSelectItems()) {
            if (item instanceof SingleColumn column) {
                column.getAlias().or(() -> lastName(column.getExpression()))
                        .ifPresent(name -> shown.add(name.getCanonicalValue()));
            }
        }
        return select.getOrderBy().get().getSortItems().stream()
                .map(SortItem::getSortKey)
                .filter(key -> key instanceof Identifier name && !shown.contains(name.getCanonicalValue()))
                .count();
    }

    private static Optional<Identifier> lastName(Expression column)
    {
        return switch (column) {
            case Identifier name -> Optional.of(name);
            case DereferenceExpression field -> field.getField();
            default -> Optional.empty();
        };
    }

    // --- literals and words ---

    static boolean isWrittenShort(Node node)
    {
        return node instanceof LongLiteral || node instanceof DecimalLiteral || node instanceof GenericLiteral;
    }

    static String shortly(Node node)
    {
        return switch (node) {
            case LongLiteral number -> "LongLiteral{%d}".formatted(number.getParsedValue());
            case DecimalLiteral number ->
                "DecimalLiteral{%s}".formatted(number.getValue().replace("_", "").replaceFirst("^([+-]?)0*\\.", "$10."));
            case GenericLiteral literal -> {
                String type = literal.getType().contains("\"") ? literal.getType() : lower(literal.getType());
                String value = literal.getValue().replace("\\", "\\\\").replace("\"", "\\\"");
                yield "GenericLiteral{%s \"%s\"}".formatted(type.equals("int") ? "integer" : type, value);
            }
            default -> throw new IllegalArgumentException("not written short: " + node);
        };
    }

    static Enum<?> plain(Enum<?> word)
    {
        return switch (word) {
            case NullOrdering nulls when nulls == NullOrdering.UNDEFINED -> NullOrdering.LAST;
            case Quantifier quantifier when quantifier == Quantifier.SOME -> Quantifier.ANY;
            default -> word;
        };
    }

    // --- nodes ---

    /** Return the plainest node of the same meaning; `exposed` as in `Line`. */
    Node plain(Node node, boolean exposed, boolean inPattern)
    {
        return switch (node) {
            case IsNotNullPredicate test ->
                new NotExpression(place(test), new IsNullPredicate(place(test), test.getValue()));
            case WindowFrame frame when frame.getEnd().isEmpty() && !inPattern && frame.getPattern().isEmpty() ->
                withEnd(frame);
            case Query query -> plain(query, exposed);
            default -> node;
        };
    }

    private static WindowFrame withEnd(WindowFrame frame)
    {
        FrameBound end = new FrameBound(place(frame), FrameBound.Type.CURRENT_ROW);
        return new WindowFrame(
                place(frame), frame.getType(), frame.getStart(), Optional.of(end), frame.getMeasures(),
                frame.getAfterMatchSkipTo(), frame.getPatternSearchMode(), frame.getPattern(), frame.getSubsets(),
                frame.getVariableDefinitions());
    }

    /** A query of a bare table or of bare values keeps its ORDER BY, OFFSET and LIMIT where a SELECT, or VALUES, has them. */
    private static Query plain(Query query, boolean exposed)
    {
        QueryBody body = withoutBrackets(query.getQueryBody());
        if (body instanceof Table table && !exposed) {
            QuerySpecification all = allOf(table);
            return with(query, new QuerySpecification(
                    place(table), all.getSelect(), all.getFrom(), Optional.empty(), Optional.empty(), Optional.empty(),
                    List.of(), query.getOrderBy(), query.getOffset(), query.getLimit()), null);
        }
        if (body instanceof QuerySpecification select && hasNoEnd(query) && valuesOf(select).isPresent()) {
            return with(query, valuesOf(select).get(), select);
        }
        return with(query, body, query);
    }

    private static Query with(Query query, QueryBody body, Node ends)
    {
        return switch (ends) {
            case Query same -> new Query(
                    place(query), query.getSessionProperties(), query.getFunctions(), query.getWith(), body,
                    same.getOrderBy(), same.getOffset(), same.getLimit());
            case QuerySpecification select -> new Query(
                    place(query), query.getSessionProperties(), query.getFunctions(), query.getWith(), body,
                    select.getOrderBy(), select.getOffset(), select.getLimit());
            case null, default -> new Query(
                    place(query), query.getSessionProperties(), query.getFunctions(), query.getWith(), body,
                    Optional.empty(), Optional.empty(), Optional.empty());
        };
    }

    /** A part of a query: not of FROM, where a subquery or a table stands for itself. */
    QueryBody part(QueryBody body, boolean exposed)
    {
        QueryBody inner = withoutBrackets(body);
        if (inner instanceof Table table && !exposed) {
            return allOf(table);
        }
        if (inner instanceof QuerySpecification select && hasNoEnd(select) && valuesOf(select).isPresent()) {
            return valuesOf(select).get();
        }
        return inner;
    }

    private static QueryBody withoutBrackets(QueryBody body)
    {
        while (body instanceof TableSubquery brackets && isBare(brackets.getQuery())) {
            body = brackets.getQuery().getQueryBody();
        }
        return body;
    }

    private static boolean isBare(Query query)
    {
        boolean alone = query.getWith().isEmpty() && query.getFunctions().isEmpty()
                && query.getSessionProperties().isEmpty() && hasNoEnd(query);
        return alone && !(query.getQueryBody() instanceof QuerySpecification select && !hasNoEnd(select));
    }

    private static boolean hasNoEnd(Query query)
    {
        return query.getOrderBy().isEmpty() && query.getOffset().isEmpty() && query.getLimit().isEmpty();
    }

    private static boolean hasNoEnd(QuerySpecification select)
    {
        return select.getOrderBy().isEmpty() && select.getOffset().isEmpty() && select.getLimit().isEmpty();
    }

    private static QuerySpecification allOf(Table table)
    {
        AllColumns all = new AllColumns(place(table), Optional.empty(), List.of());
        return new QuerySpecification(
                place(table), new Select(place(table), false, List.of(all)), Optional.of(table), Optional.empty(),
                Optional.empty(), Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Return the VALUES of SELECT * FROM (VALUES …) x, if that is all that the query does beside its end. */
    private static Optional<Values> valuesOf(QuerySpecification select)
    {
        boolean more = select.getSelect().isDistinct() || select.getWhere().isPresent()
                || select.getGroupBy().isPresent() || select.getHaving().isPresent() || !select.getWindows().isEmpty();
        boolean all = select.getSelect().getSelectItems().size() == 1
                && select.getSelect().getSelectItems().getFirst() instanceof AllColumns star
                && star.getTarget().isEmpty();
        Relation from = select.getFrom().orElse(null);
        if (from instanceof AliasedRelation aliased && aliased.getColumnNames() == null) {
            from = aliased.getRelation();
        }
        return !more && all && from instanceof TableSubquery brackets
                && withoutBrackets(brackets) instanceof Values values ? Optional.of(values) : Optional.empty();
    }

    private static NodeLocation place(Node node)
    {
        return node.getLocation().orElseThrow();
    }
}
