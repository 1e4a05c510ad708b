import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** One version of the JDBC driver through the eight checks: a task on standard input, a report on standard output. */
public final class Jdbc {
    private static final int FIXED = 12;

    private interface Check {
        Object run() throws Exception;
    }

    private final List<String> task;

    private Jdbc(List<String> task) {
        this.task = task;
    }

    public static void main(String[] arguments) throws Exception {
        String said = new String(System.in.readAllBytes(), "UTF-8");
        System.out.write(json(new Jdbc(Arrays.asList(said.split("\0"))).report()).getBytes("UTF-8"));
        System.out.flush();
        System.exit(0);
    }

    private Map<String, Object> report() throws Exception {
        Map<String, Object> report = new LinkedHashMap<>();
        try (Connection connection = connect(token())) {
            check(report, "connect", () -> connected(connection));
            check(report, "browse", () -> browse(connection.getMetaData()));
            check(report, "statements", () -> statements(connection));
            check(report, "parameters", () -> parameters(connection));
            check(report, "cancel", () -> cancelled(connection));
            check(report, "million_rows", () -> millionRows(connection));
            check(report, "notices", () -> notices(connection));
        }
        check(report, "wrong_token", this::wrongToken);
        return report;
    }

    private static void check(Map<String, Object> report, String name, Check check) {
        long begun = System.nanoTime();
        Map<String, Object> result = new LinkedHashMap<>();
        try {
            result.put("result", check.run());
        } catch (Exception fault) {
            result.put("fault", String.valueOf(fault));
        }
        result.put("seconds", (System.nanoTime() - begun) / 1e9);
        report.put(name, result);
    }

    private String token() {
        return task.get(4);
    }

    private Connection connect(String token) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", task.get(3));
        properties.setProperty("accessToken", token);
        properties.setProperty("SSL", "true");
        properties.setProperty("SSLTrustStorePath", task.get(2));
        String place = task.get(0) + ":" + task.get(1) + "/" + task.get(5) + "/" + task.get(6);
        return DriverManager.getConnection("jdbc:trino://" + place, properties);
    }

    private static Object connected(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        Object rows = ask(connection, "SELECT 1");
        connection.commit();
        connection.setAutoCommit(true);
        return rows;
    }

    private Object browse(DatabaseMetaData metadata) throws SQLException {
        String catalog = task.get(5);
        String schema = task.get(6);
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("catalogs", column(metadata.getCatalogs(), "TABLE_CAT"));
        seen.put("schemas", column(metadata.getSchemas(catalog, null), "TABLE_SCHEM"));
        seen.put("tables", column(metadata.getTables(catalog, schema, "%", null), "TABLE_NAME"));
        seen.put("columns", column(metadata.getColumns(catalog, schema, task.get(7), "%"), "COLUMN_NAME"));
        column(metadata.getTableTypes(), "TABLE_TYPE");
        column(metadata.getTypeInfo(), "TYPE_NAME");
        column(metadata.getPrimaryKeys(catalog, schema, task.get(7)), "COLUMN_NAME");
        return seen;
    }

    private static List<Object> column(ResultSet rows, String name) throws SQLException {
        List<Object> values = new ArrayList<>();
        try (rows) {
            while (rows.next()) {
                values.add(rows.getString(name));
            }
        }
        return values;
    }

    private Object statements(Connection connection) {
        List<Object> answers = new ArrayList<>();
        for (String sql : task.subList(FIXED, task.size())) {
            try {
                answers.add(Map.of("rows", ask(connection, sql)));
            } catch (Exception refused) {
                answers.add(Map.of("error", String.valueOf(refused.getMessage())));
            }
        }
        return answers;
    }

    private Object parameters(Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement(task.get(8))) {
            statement.setInt(1, 41);
            statement.setString(2, "it's");
            statement.setString(3, "USOAK");
            return rows(statement.executeQuery());
        }
    }

    private Object cancelled(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            Thread other = new Thread(() -> {
                try {
                    Thread.sleep(1500);
                    statement.cancel();
                } catch (Exception fault) {
                    throw new IllegalStateException(fault);
                }
            });
            other.start();
            try (ResultSet rows = statement.executeQuery(task.get(9))) {
                return rows.next() ? "a row" : "no rows";
            } catch (SQLException cancelled) {
                return String.valueOf(cancelled.getMessage());
            } finally {
                other.join();
            }
        }
    }

    private Object millionRows(Connection connection) throws SQLException {
        long count = 0;
        long sum = 0;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(task.get(11))) {
            while (rows.next()) {
                count++;
                sum += rows.getLong(1);
            }
        }
        return List.of(count, sum);
    }

    private Object notices(Connection connection) throws Exception {
        List<Object> messages = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(task.get(10))) {
            while (rows.next()) {
                // the warnings of all pages count
            }
            for (SQLWarning warning = rows.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                messages.add(warning.getMessage());
            }
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                messages.add(warning.getMessage());
            }
        }
        return messages;
    }

    private Object wrongToken() throws Exception {
        try (Connection connection = connect("wrong." + token())) {
            return List.of("let in", ask(connection, "SELECT 1"));
        } catch (SQLException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    private static Object ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return rows(statement.executeQuery(sql));
        }
    }

    private static List<Object> rows(ResultSet answer) throws SQLException {
        List<Object> rows = new ArrayList<>();
        try (answer) {
            int width = answer.getMetaData().getColumnCount();
            while (answer.next()) {
                List<Object> row = new ArrayList<>();
                for (int at = 1; at <= width; at++) {
                    row.add(value(answer, at));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private static Object value(ResultSet answer, int at) throws SQLException {
        Object value = answer.getObject(at);
        return value instanceof java.util.Date ? answer.getString(at) : plain(value);
    }

    private static Object plain(Object value) throws SQLException {
        if (value instanceof Array array) {
            return plain(Arrays.asList((Object[]) array.getArray()));
        }
        if (value instanceof Object[] array) {
            return plain(Arrays.asList(array));
        }
        if (value instanceof Collection<?> values) {
            List<Object> plain = new ArrayList<>();
            for (Object each : values) {
                plain.add(plain(each));
            }
            return plain;
        }
        if (value instanceof byte[] bytes) {
            return HexFormat.of().formatHex(bytes);
        }
        return value != null && value.getClass().getSimpleName().equals("Row") ? fields(value) : value;
    }

    /** The driver's own class for a row is not part of java.sql. */
    private static Object fields(Object row) throws SQLException {
        List<Object> values = new ArrayList<>();
        try {
            for (Object field : (List<?>) row.getClass().getMethod("getFields").invoke(row)) {
                values.add(plain(field.getClass().getMethod("getValue").invoke(field)));
            }
        } catch (ReflectiveOperationException fault) {
            throw new SQLException(fault);
        }
        return values;
    }

    private static String json(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(Object value, StringBuilder text) {
        if (value instanceof Map<?, ?> map) {
            String before = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                quote(String.valueOf(entry.getKey()), text.append(before));
                write(entry.getValue(), text.append(':'));
                before = ",";
            }
            text.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof Collection<?> values) {
            String before = "[";
            for (Object each : values) {
                write(each, text.append(before));
                before = ",";
            }
            text.append(values.isEmpty() ? "[]" : "]");
        } else if (value == null || value instanceof Boolean || value instanceof Long || value instanceof Integer) {
            text.append(value);
        } else if (value instanceof Double number && Double.isFinite(number)) {
            text.append(number);
        } else {
            quote(value.toString(), text);
        }
    }

    private static void quote(String value, StringBuilder text) {
        text.append('"');
        for (char letter : value.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                text.append('\\').append(letter);
            } else if (letter < ' ') {
                text.append(String.format("\\u%04x", (int) letter));
            } else {
                text.append(letter);
            }
        }
        text.append('"');
    }
}
