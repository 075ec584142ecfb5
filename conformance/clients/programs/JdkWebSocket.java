// The JDK's WebSocket; a loop comes back. It does not always tell of a connection that ends without a
// close, so one that is silent for longer than is likely here is given up.
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

public class JdkWebSocket {
  static String after = "";
  static volatile long heard;

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    String place = System.getenv("HUB").replaceFirst("http", "ws") + "/v1/socket";
    HttpClient client = HttpClient.newHttpClient();
    while (true) {
      CompletableFuture<Void> over = new CompletableFuture<>();
      WebSocket.Listener listener =
          new WebSocket.Listener() {
            private final StringBuilder parts = new StringBuilder();

            public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
              heard = System.nanoTime();
              parts.append(part);
              if (last) {
                String[] words = parts.toString().split(" ", 2);
                parts.setLength(0);
                after = "?after=" + words[0];
                if (words.length == 2) out.println(words[1]);
              }
              socket.request(1);
              return null;
            }

            public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
              over.complete(null);
              return null;
            }

            public void onError(WebSocket socket, Throwable error) {
              over.complete(null);
            }
          };
      try {
        WebSocket socket =
            client
                .newWebSocketBuilder()
                .header("Authorization", "Bearer " + System.getenv("TOKEN"))
                .buildAsync(URI.create(place + after), listener)
                .get(5, TimeUnit.SECONDS);
        heard = System.nanoTime();
        while (!over.isDone() && System.nanoTime() - heard < 3_000_000_000L) Thread.sleep(100);
        socket.abort();
      } catch (Exception refused) {
        // the loop comes back
      }
      Thread.sleep(300);
    }
  }
}
