-- Forge the host's own limit errors to fool status classification.
-- expect: runtime_error
error("TIMEOUT", 0)
