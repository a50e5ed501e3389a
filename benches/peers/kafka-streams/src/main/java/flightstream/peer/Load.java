package flightstream.peer;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends a file of messages, one a line, to a topic: under the aircraft's address, at the report's time, as
 * {@code flightstream produce} does.
 *
 * <p>Arguments: bootstrap servers, topic, file.
 */
public final class Load {
    private Load() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> properties =
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0],
                        ProducerConfig.LINGER_MS_CONFIG, 20,
                        ProducerConfig.BATCH_SIZE_CONFIG, 1024 * 1024,
                        ProducerConfig.BUFFER_MEMORY_CONFIG, 128L * 1024 * 1024,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        ByteArraySerializer bytes = new ByteArraySerializer();
        AtomicReference<Exception> failure = new AtomicReference<>();
        AirlabsDecoder decoder = new AirlabsDecoder();
        long sent = 0;
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, bytes, bytes);
                InputStream lines = new BufferedInputStream(Files.newInputStream(Path.of(arguments[2])), 1 << 20)) {
            byte[] line;
            while ((line = line(lines)) != null) {
                byte[] key = null;
                Long time = null;
                try {
                    Flight flight = decoder.decode(line);
                    key = flight.hex.getBytes(StandardCharsets.ISO_8859_1);
                    time = flight.updated;
                } catch (Rejected rejected) {
                    // It is sent all the same: refusing it is the job of what reads the topic.
                }
                producer.send(
                        new ProducerRecord<>(arguments[1], null, time, key, line),
                        (metadata, error) -> {
                            if (error != null) {
                                failure.set(error);
                            }
                        });
                sent++;
            }
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        System.out.println(sent);
    }

    private static final ByteArrayOutputStream LINE = new ByteArrayOutputStream(1024);

    private static byte[] line(InputStream in) throws java.io.IOException {
        LINE.reset();
        int b;
        while ((b = in.read()) != '\n') {
            if (b < 0) {
                return LINE.size() == 0 ? null : LINE.toByteArray();
            }
            LINE.write(b);
        }
        return LINE.toByteArray();
    }
}
