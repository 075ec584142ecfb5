// The JDK's WebSocket; a loop comes back.
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

public class JdkWebSocket {
  static String after = "";

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
        client
            .newWebSocketBuilder()
            .header("Authorization", "Bearer " + System.getenv("TOKEN"))
            .buildAsync(URI.create(place + after), listener)
            .join();
        over.join();
      } catch (Exception refused) {
        // the loop comes back
      }
      Thread.sleep(300);
    }
  }
}
