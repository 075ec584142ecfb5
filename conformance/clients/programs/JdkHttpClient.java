// The JDK's HttpClient as it is by default (it offers h2c), reading the stream's lines; a loop comes back.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.io.PrintStream;

public class JdkHttpClient {
  static String id = "", data = "", kind = "", noted = "";

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    HttpClient client = HttpClient.newHttpClient();
    while (true) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(System.getenv("HUB") + "/v1/events"))
              .header("Authorization", "Bearer " + System.getenv("TOKEN"));
      if (!noted.isEmpty()) request.header("Last-Event-ID", noted);
      id = data = kind = "";
      try {
        client
            .send(request.build(), HttpResponse.BodyHandlers.ofLines())
            .body()
            .forEach(line -> take(line, out));
      } catch (Exception cut) {
        // the loop comes back
      }
      Thread.sleep(300);
    }
  }

  static void take(String line, PrintStream out) {
    if (line.startsWith("data: ")) data = line.substring(6);
    else if (line.startsWith("event: ")) kind = line.substring(7);
    else if (line.startsWith("id: ")) id = line.substring(4);
    else if (line.isEmpty()) {
      if (!id.isEmpty()) noted = id;
      if (!data.isEmpty() && kind.isEmpty()) out.println(data);
      data = kind = "";
    }
  }
}
