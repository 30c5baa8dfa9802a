package subscriber;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** A record as a row: the envelope in columns, the permitted fields as JSON. */
record Row(List<Object> columns, String status, boolean replay) {
    static final List<String> ENVELOPE = List.of(
            "event", "deliberation", "declaration", "version", "status", "quarter", "employer", "person", "replay",
            "occurred_at");
    private static final ObjectMapper JSON = new ObjectMapper();

    static Row of(IndexedRecord received) {
        Map<String, Object> record = fields(received);
        var status = (String) record.get("status");
        var replay = (Boolean) record.get("replay");
        var columns = new ArrayList<Object>();
        ENVELOPE.forEach(name -> columns.add(record.get(name)));
        columns.add(received.getSchema().getName());
        record.keySet().removeAll(ENVELOPE);
        record.remove("trace_parent");
        try {
            columns.add(JSON.writeValueAsString(record));
        } catch (JsonProcessingException error) {
            throw new IllegalStateException(error);
        }
        return new Row(columns, status, replay);
    }

    private static Map<String, Object> fields(IndexedRecord record) {
        var found = new LinkedHashMap<String, Object>();
        for (Schema.Field field : record.getSchema().getFields()) {
            found.put(field.name(), plain(record.get(field.pos())));
        }
        return found;
    }

    /** Avro's generic classes as what JSON and a database take. */
    private static Object plain(Object value) {
        if (value instanceof IndexedRecord record) return fields(record);
        if (value instanceof Collection<?> list) return list.stream().map(Row::plain).toList();
        if (value == null || value instanceof Number || value instanceof Boolean) return value;
        return value.toString(); // text, symbols of an enumeration, days and moments
    }
}
