import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The command line: a verb, options, files. */
final class Words {
    private static final Set<String> SWITCHES = Set.of("decline", "ignore", "ibb-only", "dead-streamhost");
    private static final Set<String> VALUES = Set.of(
            "jid", "password-file", "server", "ca-file", "dir", "count", "to", "accept-after", "cancel-after");

    final String verb;
    final List<Path> files = new ArrayList<>();
    private final Map<String, String> options = new HashMap<>();

    Words(String[] args) {
        verb = args[0];
        for (int i = 1; i < args.length; i++) {
            String name = args[i].startsWith("--") ? args[i].substring(2) : "";
            if (SWITCHES.contains(name)) {
                options.put(name, "");
            } else if (VALUES.contains(name)) {
                options.put(name, args[++i]);
            } else if (name.isEmpty()) {
                files.add(Path.of(args[i]));
            } else {
                throw new IllegalArgumentException(args[i]);
            }
        }
    }

    boolean has(String name) {
        return options.containsKey(name);
    }

    String text(String name) {
        if (!has(name)) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return options.get(name);
    }

    long number(String name, long otherwise) {
        return has(name) ? Long.parseLong(options.get(name)) : otherwise;
    }
}
