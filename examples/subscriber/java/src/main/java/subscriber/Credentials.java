package subscriber;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The output of {@code kruispunt credentials}: settings in librdkafka's words, and notes behind {@code # }. */
record Credentials(Map<String, String> settings, Map<String, String> notes) {
    static final String REGISTRY_AUTHORITY = "schema.registry.ssl.ca.location";

    static Credentials read(Path file) {
        var settings = new TreeMap<String, String>();
        var notes = new TreeMap<String, String>();
        try {
            for (String line : Files.readAllLines(file)) {
                int equals = line.indexOf('=');
                if (equals < 0) continue;
                boolean note = line.startsWith("#");
                String name = line.substring(note ? 1 : 0, equals).strip();
                (note ? notes : settings).put(name, line.substring(equals + 1));
            }
        } catch (IOException error) {
            throw new Trouble(Trouble.WRONG_USE,
                    file + " cannot be read: " + error + ". Name the file with your credentials.", error);
        }
        List<String> missing = Stream.concat(
                Stream.of("bootstrap.servers", "sasl.mechanism", "sasl.username", "sasl.password", "ssl.ca.location")
                        .filter(name -> !settings.containsKey(name)),
                Stream.of("topic", "group.prefix", "schema.registry.url").filter(name -> !notes.containsKey(name))).toList();
        if (!missing.isEmpty()) {
            throw new Trouble(Trouble.WRONG_USE,
                    file + " has no line " + String.join(", ", missing) + ". Ask for your credentials again.");
        }
        Stream.of(settings.get("ssl.ca.location"), notes.get(REGISTRY_AUTHORITY))
                .filter(authority -> authority != null && !Files.isRegularFile(Path.of(authority)))
                .findFirst().ifPresent(authority -> {
                    throw new Trouble(Trouble.WRONG_USE, "The certificate of the authority, " + authority
                            + ", is not there. Copy it from the exchange, and correct its path in the credentials.");
                });
        return new Credentials(settings, notes);
    }

    /** The same in the words of Kafka's own client, which names three things otherwise. */
    Properties forJava() {
        var java = new Properties();
        java.put("bootstrap.servers", settings.get("bootstrap.servers"));
        java.put("security.protocol", settings.getOrDefault("security.protocol", "SASL_SSL"));
        // librdkafka: ssl.ca.location
        java.put("ssl.truststore.type", "PEM");
        java.put("ssl.truststore.location", settings.get("ssl.ca.location"));
        // librdkafka: sasl.mechanism, or sasl.mechanisms
        java.put("sasl.mechanism", settings.get("sasl.mechanism"));
        // librdkafka: sasl.username and sasl.password
        java.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=%s password=%s;"
                .formatted(quoted(settings.get("sasl.username")), quoted(settings.get("sasl.password"))));
        return java;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
