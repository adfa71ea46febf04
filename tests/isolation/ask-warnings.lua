-- Whether warnings are heard
warn("heard")
warn("in ", "pieces")
print("after")
