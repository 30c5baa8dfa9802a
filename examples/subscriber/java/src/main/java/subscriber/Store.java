package subscriber;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/** Your database: here SQLite, so that there is nothing to install. */
final class Store implements AutoCloseable {
    private static final String INSERT = "insert into record (%s, kind, content) values (%s)"
            .concat(" on conflict (event, deliberation) do nothing")
            .formatted(String.join(", ", Row.ENVELOPE), String.join(", ", Collections.nCopies(Row.ENVELOPE.size() + 2, "?")));
    private static final String MOVE =
            "insert into position values (?, ?, ?) on conflict (topic, partition) do update set next = excluded.next";

    private final Connection database;

    Store(Path file) throws SQLException, IOException {
        try { // Personal data: for the eyes of this user only.
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException there) {
            // As it was given to us.
        }
        database = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (InputStream script = Store.class.getResourceAsStream("/store.sql"); var statement = database.createStatement()) {
            statement.executeUpdate(new String(script.readAllBytes(), StandardCharsets.UTF_8));
        }
        database.setAutoCommit(false);
    }

    /** Read everything again; the primary key of {@code record} keeps it from being stored twice. */
    void forgetPositions() throws SQLException {
        try (var statement = database.createStatement()) {
            statement.executeUpdate("delete from position");
            database.commit();
        }
    }

    /** Where to go on; nothing where nothing was read yet. */
    OptionalLong next(TopicPartition partition) throws SQLException {
        try (var statement = database.prepareStatement("select next from position where topic = ? and partition = ?")) {
            statement.setString(1, partition.topic());
            statement.setInt(2, partition.partition());
            try (var found = statement.executeQuery()) {
                return found.next() ? OptionalLong.of(found.getLong(1)) : OptionalLong.empty();
            }
        } finally {
            database.rollback();
        }
    }

    /** Write records and positions, all or nothing; gives how many were new. */
    int keep(List<Row> rows, Map<TopicPartition, Long> positions) throws SQLException {
        try (var insert = database.prepareStatement(INSERT); var move = database.prepareStatement(MOVE)) {
            int fresh = 0;
            for (Row row : rows) {
                int column = 0;
                for (Object value : row.columns()) insert.setObject(++column, value);
                fresh += insert.executeUpdate();
            }
            for (var position : positions.entrySet()) {
                move.setString(1, position.getKey().topic());
                move.setInt(2, position.getKey().partition());
                move.setLong(3, position.getValue());
                move.executeUpdate();
            }
            database.commit();
            return fresh;
        }
    }

    @Override
    public void close() throws SQLException {
        database.rollback();
        database.close();
    }
}
