package subscriber;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import sun.misc.Signal;

/**
 * Keeps what Kruispunt delivers to your institution: each record once, in a database of your own.
 *
 * <p>Records and positions are written in one transaction, so the process may be killed at any moment and nothing is lost or
 * doubled. Ends with 0 when asked to (SIGTERM, Ctrl-C, --until-idle), 1 when refused, 2 when used wrongly, 3 when nobody answers.
 */
public final class Subscriber {
    private static final String USE =
            "Use: java -jar subscriber.jar CREDENTIALS DATABASE [--until-idle SECONDS] [--again]";
    /** Records in one transaction: more is faster, fewer is less to read again after a crash. */
    private static final int BATCH = 500;
    /** How long the broker may take to let us in; once in, an outage is waited out. */
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final Store store;
    private final Schemas schemas;
    private Long quietSince; // nothing until the broker has let us in

    private Subscriber(Store store, Schemas schemas) {
        this.store = store;
        this.schemas = schemas;
    }

    public static void main(String[] arguments) {
        try {
            run(List.of(arguments));
        } catch (KafkaException error) {
            end(Trouble.of(error));
        } catch (Trouble trouble) {
            end(trouble);
        } catch (SQLException | IOException error) {
            end(new Trouble(Trouble.REFUSED, "The database refuses: " + error.getMessage()
                    + ". Nothing of this batch is kept; it will be read again.", error));
        }
    }

    private static void end(Trouble trouble) {
        System.err.println(trouble.getMessage());
        System.exit(trouble.code);
    }

    private static void run(List<String> arguments) throws SQLException, IOException {
        var left = new ArrayList<>(arguments);
        boolean again = left.remove("--again");
        Duration untilIdle = null;
        int option = left.indexOf("--until-idle");
        try {
            if (option >= 0) {
                left.remove(option);
                untilIdle = Duration.ofMillis((long) (Double.parseDouble(left.remove(option)) * 1000));
            }
        } catch (IndexOutOfBoundsException | NumberFormatException error) {
            throw new Trouble(Trouble.WRONG_USE, USE, error);
        }
        if (left.size() != 2) throw new Trouble(Trouble.WRONG_USE, USE);

        var credentials = Credentials.read(Path.of(left.get(0)));
        String name = credentials.notes().get("group.prefix") + "subscriber";
        var settings = credentials.forJava();
        settings.put("group.id", name);
        settings.put("group.instance.id", name); // after a crash we have our place back at once, not after the session ends
        settings.put("isolation.level", "read_committed"); // Kafka's client reads what was never committed unless told otherwise
        settings.put("enable.auto.commit", "false"); // the position is in our database, nowhere else
        settings.put("auto.offset.reset", "none"); // a gap is told, never jumped over
        settings.put("max.poll.records", BATCH);
        try (var store = new Store(Path.of(left.get(1)));
                var consumer = consumer(settings)) {
            if (again) store.forgetPositions();
            stopOnSignal(consumer);
            new Subscriber(store, new Schemas(credentials.notes())).follow(consumer, credentials, untilIdle);
        }
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Properties settings) {
        try {
            return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        } catch (KafkaException error) {
            Throwable deepest = error;
            while (deepest.getCause() != null) deepest = deepest.getCause();
            throw new Trouble(Trouble.WRONG_USE,
                    "The credentials cannot be used: " + deepest.getMessage() + ". Correct them.", error);
        }
    }

    /** SIGTERM and Ctrl-C wake the loop, which then ends in order; with a shutdown hook it would end with 143. */
    private static void stopOnSignal(KafkaConsumer<?, ?> consumer) {
        for (String signal : List.of("TERM", "INT")) Signal.handle(new Signal(signal), received -> consumer.wakeup());
    }

    /** Read until asked to stop. */
    private void follow(KafkaConsumer<byte[], byte[]> consumer, Credentials credentials, Duration untilIdle) throws SQLException {
        long began = System.nanoTime();
        consumer.subscribe(List.of(credentials.notes().get("topic")), new GoOn(consumer));
        while (true) {
            ConsumerRecords<byte[], byte[]> records;
            try {
                // 1. Take what has come.
                records = consumer.poll(Duration.ofSeconds(1));
            } catch (WakeupException asked) {
                return;
            }
            long now = System.nanoTime();
            if (!records.isEmpty()) {
                store(records);
                quietSince = System.nanoTime();
            } else if (quietSince == null) {
                if (now - began > ANSWER.toNanos()) {
                    throw new Trouble(Trouble.UNREACHABLE,
                            credentials.settings().get("bootstrap.servers") + " does not answer. Is the way there open?");
                }
            } else if (untilIdle != null && now - quietSince > untilIdle.toNanos()) {
                return;
            }
        }
    }

    private void store(ConsumerRecords<byte[], byte[]> records) throws SQLException {
        // 2. Open it.
        var rows = new ArrayList<Row>();
        var positions = new HashMap<TopicPartition, Long>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            var partition = new TopicPartition(record.topic(), record.partition());
            String place = record.topic() + "[" + record.partition() + "]@" + record.offset();
            rows.add(Row.of(schemas.open(record.value(), place)));
            positions.put(partition, record.offset() + 1);
        }
        // 3. Records and positions in one transaction. A crash before it: we read again. After it: we go on.
        int fresh = store.keep(rows, positions);
        var counts = new LinkedHashMap<String, Integer>();
        for (Row row : rows) {
            counts.merge(row.status(), 1, Integer::sum);
            if (row.replay()) counts.merge("replayed", 1, Integer::sum);
        }
        if (fresh < rows.size()) counts.put("seen before", rows.size() - fresh);
        System.out.println("stored " + fresh + ": "
                + counts.entrySet().stream().map(one -> one.getValue() + " " + one.getKey()).collect(Collectors.joining(", ")));
    }

    /** Begins wherever the database is, each time partitions are given to us. */
    private final class GoOn implements ConsumerRebalanceListener {
        private final KafkaConsumer<?, ?> consumer;

        GoOn(KafkaConsumer<?, ?> consumer) {
            this.consumer = consumer;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> given) {
            quietSince = System.nanoTime();
            given.stream().map(TopicPartition::topic).distinct().forEach(name -> System.err.println("reading " + name));
            try {
                for (TopicPartition partition : given) {
                    OptionalLong next = store.next(partition);
                    if (next.isPresent()) consumer.seek(partition, next.getAsLong());
                    else consumer.seekToBeginning(List.of(partition));
                }
            } catch (SQLException error) {
                throw new IllegalStateException(error);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> taken) {
            // What was read is stored: nothing is on its way.
        }
    }
}
