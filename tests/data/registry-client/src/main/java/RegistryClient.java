import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.ParsedSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaMetadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;

/** Asks a registry, by the stock client, what deserializers, serializers and Kafka Connect ask; prints name=answer. */
public final class RegistryClient {
    private interface Question {
        Object ask() throws Exception;
    }

    private static void print(String name, Question question) throws Exception {
        Object answer;
        try {
            answer = question.ask();
        } catch (RestClientException error) {
            answer = error.getStatus() + " " + error.getErrorCode();
        }
        System.out.println(name + "=" + answer);
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        RestService rest = new RestService(url);
        try (CachedSchemaRegistryClient client = new CachedSchemaRegistryClient(url, 1000)) {
            for (String subject : new TreeSet<>(client.getAllSubjects())) {
                for (int version : client.getAllVersions(subject)) {
                    SchemaMetadata found = client.getSchemaMetadata(subject, version);
                    // What Kafka Connect's converter does with each new id: the schema by its id, then its version by the schema.
                    ParsedSchema schema = client.getSchemaById(found.getId());
                    String name = subject + " " + version + " ";
                    print(name + "id", found::getId);
                    print(name + "version", () -> client.getVersion(subject, schema));
                    print(name + "version when normalized", () -> client.getVersion(subject, schema.normalize(), true));
                    print(name + "id of the schema", () -> client.getId(subject, schema));
                    // What a serializer does that is not told to leave registering alone.
                    print(name + "id when registered", () -> client.register(subject, schema));
                    print(name + "subjects", () -> new TreeSet<>(client.getAllSubjectsById(found.getId())).contains(subject));
                }
                print(subject + " latest", () -> client.getLatestSchemaMetadata(subject).getVersion());
                print(subject + " another", () -> client.getVersion(subject, new AvroSchema("\"string\"")));
                print(subject + " new", () -> client.register(subject, new AvroSchema("\"string\"")));
            }
            print("none", () -> client.getVersion("none", new AvroSchema("\"string\"")));
            print("no id", () -> client.getSchemaById(8));
            print("config", () -> client.getConfig(null).getCompatibilityLevel());
            print("compatibility", () -> client.getCompatibility(null));
            print("mode", client::getMode);
            print("delete", () -> client.deleteSubject("none", false));
            print("types", rest::getSchemaTypes);
            print("cluster", () -> new TreeMap<>((Map<?, ?>) rest.getClusterId().getScope()));
        }
    }
}
