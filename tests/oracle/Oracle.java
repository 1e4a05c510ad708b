import io.trino.sql.parser.ParsingException;
import io.trino.sql.parser.SqlParser;
import io.trino.sql.tree.Node;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Texts -> the trees that Trino's own parser makes of them, each as one line.
 *
 * <p>In: how many texts, then each as its length in bytes and its UTF-8; numbers are four bytes. Out, for each text: one
 * byte, 1 for a tree and 0 for a refusal, then the line, or what Trino says, as length and UTF-8.
 */
public final class Oracle
{
    private static final long STACK_BYTES = 512L << 20;

    private Oracle() {}

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
                answer(parser, new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8), out);
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
        write(out, 1, Line.of(tree));
    }

    private static void write(DataOutputStream out, int kind, String text)
            throws IOException
    {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeByte(kind);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
