package subscriber;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

/** Opens records with the schema each of them names: a zero byte, the number of the schema in four bytes, the body. */
final class Schemas {
    private static final int HEAD = 5;
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final String address;
    private final HttpClient client;
    private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    private final GenericData data = new GenericData();
    private final ObjectMapper json = new ObjectMapper();

    Schemas(Map<String, String> notes) {
        address = notes.get("schema.registry.url").replaceAll("/+$", "");
        var building = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(ANSWER);
        String authority = notes.get(Credentials.REGISTRY_AUTHORITY);
        client = (authority == null ? building : building.sslContext(trusting(Path.of(authority)))).build();
        // Days and moments as such, not as numbers of days and milliseconds.
        data.addLogicalTypeConversion(new TimeConversions.DateConversion());
        data.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
    }

    /** The record in a value; {@code place} is named when there is none. */
    GenericRecord open(byte[] value, String place) {
        try {
            var framed = ByteBuffer.wrap(value);
            if (framed.get() != 0) throw new IOException("not framed");
            var reader = reader(framed.getInt());
            return reader.read(null, DecoderFactory.get().binaryDecoder(value, HEAD, value.length - HEAD, null));
        } catch (IOException | RuntimeException error) {
            if (error instanceof Trouble trouble) throw trouble;
            throw new Trouble(Trouble.REFUSED, place + " cannot be read. Nothing was skipped; tell the exchange.", error);
        }
    }

    /** A new version of a schema has a new number, so what is known never changes. */
    private GenericDatumReader<GenericRecord> reader(int number) {
        return readers.computeIfAbsent(number, unknown -> {
            Schema schema = ask(unknown);
            return new GenericDatumReader<>(schema, schema, data);
        });
    }

    private Schema ask(int number) {
        try {
            var request = HttpRequest.newBuilder(URI.create(address + "/schemas/ids/" + number)).timeout(ANSWER).build();
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new Trouble(Trouble.UNREACHABLE,
                        "The registry does not give schema " + number + ": " + answer.statusCode() + ". Start again later.");
            }
            return new Schema.Parser().parse(json.readTree(answer.body()).get("schema").asText());
        } catch (IOException error) {
            throw new Trouble(Trouble.UNREACHABLE, "The schema registry does not answer: " + error.getClass().getSimpleName()
                    + ". Can this machine reach schema.registry.url? Start again: reading goes on where it stopped.", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new Trouble(Trouble.UNREACHABLE, "Interrupted. Start again: reading goes on where it stopped.", error);
        }
    }

    private static SSLContext trusting(Path authority) {
        try (InputStream file = Files.newInputStream(authority)) {
            var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry("authority-" + trusted.size(), one);
            }
            var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException error) {
            throw new Trouble(Trouble.WRONG_USE, authority + " is no certificate. Copy it from the exchange again.", error);
        }
    }
}
