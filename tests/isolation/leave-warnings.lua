-- Turns warnings off and leaves one half said
warn("@off")
warn("was here")
warn("@on")
warn("a ", "b ", "c")
warn("@off")
