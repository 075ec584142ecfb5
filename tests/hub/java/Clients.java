import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** The JDK's clients as they come, which offer h2c with each request: URL, API key, token, seconds. */
public class Clients {
    public static void main(String[] given) throws Exception {
        String url = given[0];
        long patience = Long.parseLong(given[3]);
        HttpClient client = HttpClient.newHttpClient();
        for (String text : new String[] {"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "second"}) {
            HttpRequest publish =
                    HttpRequest.newBuilder(URI.create(url + "/v1/channels/java/messages"))
                            .header("Authorization", "Bearer " + given[1])
                            .POST(BodyPublishers.ofString(text))
                            .build();
            HttpResponse<String> answer = client.send(publish, BodyHandlers.ofString());
            System.out.println("publish " + answer.statusCode() + " " + answer.version());
        }
        HttpRequest poll =
                HttpRequest.newBuilder(URI.create(url + "/v1/poll"))
                        .header("Authorization", "Bearer " + given[2])
                        .build();
        System.out.println("poll " + client.send(poll, BodyHandlers.ofString()).statusCode());

        CompletableFuture<String> first = new CompletableFuture<>();
        WebSocket.Listener listener =
                new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                        first.complete(text.toString());
                        return null;
                    }
                };
        WebSocket socket =
                client.newWebSocketBuilder()
                        .header("Authorization", "Bearer " + given[2])
                        .buildAsync(URI.create(url.replace("http", "ws") + "/v1/socket"), listener)
                        .get(patience, TimeUnit.SECONDS);
        String hello = first.get(patience, TimeUnit.SECONDS);
        System.out.println("websocket " + hello.substring(hello.lastIndexOf('-')));
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(patience, TimeUnit.SECONDS);
    }
}
