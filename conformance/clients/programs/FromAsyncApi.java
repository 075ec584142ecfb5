// Written from a hub's /v1/asyncapi.json and nothing else, with the JDK alone: sseEvents or
// websocketFrames, as WHAT says. Prints messages; ends with what the hub ends it with.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class FromAsyncApi {
  static final String CURSOR = "[0-9a-z]{1,16}-(?:0|[1-9][0-9]{0,18})";
  static final Pattern MESSAGE = Pattern.compile("(" + CURSOR + ") ([\\s\\S]+)");
  static final Pattern GAP = Pattern.compile("gap (" + CURSOR + ") (" + CURSOR + ")");
  static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  static final HttpClient CLIENT = HttpClient.newHttpClient();
  static final String HUB = System.getenv("HUB"), TOKEN = "Bearer " + System.getenv("TOKEN");
  static final boolean EVENTS = System.getenv("WHAT").equals("events");

  static String cursor = "";
  static long waitMs = 100, retryMs = 0;
  static double silenceS = Double.parseDouble(System.getenv().getOrDefault("SILENCE", EVENTS ? "50" : "65"));
  static volatile long heard;

  public static void main(String[] arguments) throws Exception {
    while (true) {
      heard = System.nanoTime();
      try {
        if (EVENTS) readEvents();
        else readFrames();
      } catch (IOException | java.util.concurrent.ExecutionException lost) {
        // come back, as after a loss that says nothing
      }
      long ceiling = Math.max(waitMs, retryMs);
      Thread.sleep(ceiling / 2 + ThreadLocalRandom.current().nextLong(ceiling / 2 + 1));
      waitMs = Math.min(2 * waitMs, 10_000);
    }
  }

  static boolean silent() {
    return System.nanoTime() - heard > silenceS * 1e9;
  }

  static void stands() {
    heard = System.nanoTime();
    waitMs = 100;
  }

  static void message(String at, String text) {
    String[] old = cursor.split("-"), next = at.split("-");
    boolean ahead = !old[0].equals(next[0]) || Long.parseLong(next[1]) > Long.parseLong(old[1]);
    if (!ahead) return;
    cursor = at;
    OUT.println(text);
  }

  static void ended(int status, String reason) {
    if (status >= 500 || status < 400 || status == 408 || status == 429) return;
    System.err.println("over: " + reason);
    System.exit(0);
  }

  // ---- sseEvents -------------------------------------------------------------------------------

  static void readEvents() throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(HUB + "/v1/events")).header("Authorization", TOKEN);
    if (!cursor.isEmpty()) request.header("Last-Event-ID", cursor);
    HttpResponse<InputStream> answer =
        CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    InputStream body = answer.body();
    if (answer.statusCode() != 200) {
      String refusal = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      ended(answer.statusCode(), field(refusal, "error"));
      return;
    }
    CompletableFuture<Void> over = new CompletableFuture<>();
    Thread watch = new Thread(() -> closeWhenSilent(body, over));
    watch.setDaemon(true);
    watch.start();
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
      Map<String, String> block = new HashMap<>();
      for (String line; (line = lines.readLine()) != null; ) {
        stands();
        if (line.isEmpty()) {
          take(block);
          block.clear();
          continue;
        }
        int colon = line.indexOf(':');
        String name = colon < 0 ? line : line.substring(0, colon);
        String value = colon < 0 ? "" : line.substring(colon + 1).replaceFirst("^ ", "");
        block.merge(name, value, (before, more) -> name.equals("data") ? before + "\n" + more : more);
      }
    } finally {
      over.complete(null);
    }
  }

  static void take(Map<String, String> block) {
    String id = block.get("id"), data = block.get("data"), kind = block.getOrDefault("event", "");
    if (block.containsKey("retry")) retryMs = Long.parseLong(block.get("retry"));
    String comment = block.getOrDefault("", "");
    if (comment.startsWith("keep-alive ") && System.getenv("SILENCE") == null)
      silenceS = Math.max(50, 3 * Double.parseDouble(comment.substring(11)) + 5);
    if (kind.equals("close")) ended(Integer.parseInt(field(data, "status")), field(data, "reason"));
    else if (id == null) return;
    else if (kind.equals("gap") || data == null) cursor = id;
    else message(id, block.containsKey("json") ? unquoted(block.get("json")) : data);
  }

  static void closeWhenSilent(InputStream body, CompletableFuture<Void> over) {
    try {
      while (!over.isDone() && !silent()) Thread.sleep(100);
      body.close();
    } catch (IOException | InterruptedException gone) {
      // it is over anyhow
    }
  }

  /** A field of a flat object of JSON, whose forms the document gives. */
  static String field(String json, String name) {
    Matcher found = Pattern.compile("\"" + name + "\": ?\"?([^\",}]*)").matcher(json);
    return found.find() ? found.group(1) : "";
  }

  static String unquoted(String json) {
    String escapes = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    return Pattern.compile("\\\\(?:u(....)|(.))")
        .matcher(json.substring(1, json.length() - 1))
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1) != null
                        ? String.valueOf((char) Integer.parseInt(found.group(1), 16))
                        : String.valueOf(meant.charAt(escapes.indexOf(found.group(2))))));
  }

  // ---- websocketFrames -------------------------------------------------------------------------

  static void readFrames() throws Exception {
    CompletableFuture<Void> over = new CompletableFuture<>();
    WebSocket.Listener listener =
        new WebSocket.Listener() {
          private final StringBuilder parts = new StringBuilder();

          public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            stands();
            parts.append(part);
            if (last) {
              frame(parts.toString());
              parts.setLength(0);
            }
            socket.request(1);
            return null;
          }

          public CompletionStage<?> onPing(WebSocket socket, java.nio.ByteBuffer said) {
            heard = System.nanoTime(); // the JDK answers it
            socket.request(1);
            return null;
          }

          public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            ended(code - 4000, reason);
            over.complete(null);
            return null;
          }

          public void onError(WebSocket socket, Throwable error) {
            over.complete(null);
          }
        };
    String place = HUB.replaceFirst("http", "ws") + "/v1/socket";
    WebSocket socket =
        CLIENT
            .newWebSocketBuilder()
            .header("Authorization", TOKEN)
            .buildAsync(URI.create(cursor.isEmpty() ? place : place + "?after=" + cursor), listener)
            .get();
    while (!over.isDone() && !silent()) Thread.sleep(50);
    socket.abort();
  }

  static void frame(String text) {
    Matcher message = MESSAGE.matcher(text), gap = GAP.matcher(text);
    if (gap.matches()) cursor = gap.group(2);
    else if (message.matches()) message(message.group(1), message.group(2));
    else cursor = text;
  }
}
