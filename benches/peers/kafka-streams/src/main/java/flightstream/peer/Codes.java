package flightstream.peer;

/** The forms of codes: blanks around them are cut, letters are raised, and what has another length or character is unknown. */
final class Codes {
    private Codes() {}

    enum Allowed {
        ALPHANUMERIC,
        ALPHANUMERIC_OR_HYPHEN,
        ALPHABETIC,
        PRINTABLE,
        OCTAL
    }

    static String code(String text, int min, int max, Allowed allowed) {
        if (text == null) {
            return null;
        }
        int length = text.length();
        if (length >= min && length <= max && isCanonical(text, allowed)) {
            return text;
        }
        String trimmed = trimAscii(text);
        length = trimmed.length();
        if (length == 0 || length < min || length > max) {
            return null;
        }
        char[] raised = new char[length];
        for (int i = 0; i < length; i++) {
            char c = trimmed.charAt(i);
            raised[i] = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
        }
        String code = new String(raised);
        // Of printable text only the ends must not be blank, and they are cut.
        return isCanonical(code, allowed) ? code : null;
    }

    private static boolean isCanonical(String text, Allowed allowed) {
        for (int i = 0, length = text.length(); i < length; i++) {
            char c = text.charAt(i);
            boolean letter = c >= 'A' && c <= 'Z';
            boolean digit = c >= '0' && c <= '9';
            boolean ok =
                    switch (allowed) {
                        case ALPHANUMERIC -> letter || digit;
                        case ALPHANUMERIC_OR_HYPHEN -> letter || digit || c == '-';
                        case ALPHABETIC -> letter;
                        case PRINTABLE -> c > ' ' && c < 0x7F && !(c >= 'a' && c <= 'z')
                                || c == ' ' && i > 0 && i < length - 1;
                        case OCTAL -> c >= '0' && c <= '7';
                    };
            if (!ok) {
                return false;
            }
        }
        return true;
    }

    /** Cuts ASCII white space alone off both ends. */
    static String trimAscii(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.charAt(start))) {
            start++;
        }
        while (end > start && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
    }

    /** Six hexadecimal digits after an optional tilde, upper case; null if it is anything else. */
    static String address(String text) {
        String trimmed = trimAscii(text);
        int start = trimmed.startsWith("~") ? 1 : 0;
        if (trimmed.length() != start + 6) {
            return null;
        }
        boolean raise = false;
        for (int i = start; i < trimmed.length(); i++) {
            char c = trimmed.charAt(i);
            if (c >= 'a' && c <= 'f') {
                raise = true;
            } else if (!(c >= '0' && c <= '9' || c >= 'A' && c <= 'F')) {
                return null;
            }
        }
        return raise ? trimmed.toUpperCase(java.util.Locale.ROOT) : trimmed;
    }
}
