"""A user can build on what `meson install` leaves: into a scratch prefix goes the tree, and examples/hello.c is
compiled outside of it as a user would, by pkg-config against the shared library, by pkg-config against the
static one, and by CMake's pkg_check_modules where there is a CMake; each program is run. The installed tool and
its man page are looked at too.

Usage: install.py SOURCE-ROOT BUILD-ROOT PREFIX LIBDIR VERSION        (CC: the compiler)
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.16)
project(hello C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LUNETTE REQUIRED IMPORTED_TARGET lunette)
add_executable(hello hello.c)
target_link_libraries(hello PRIVATE PkgConfig::LUNETTE)
"""


class Failed(Exception):
    pass


def run(command, env=None, cwd=None):
    result = subprocess.run(command, text=True, capture_output=True, env=env, cwd=cwd, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise Failed(f"{shlex.join(map(str, command))}\nexit status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class Scratch:
    """An installed tree, moved: the same files under another prefix, and pkg-config told so."""

    def __init__(self, folder, source, build, prefix, libdir):
        meson = shlex.split(os.environ.get("MESON", "meson"))
        run([*meson, "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", str(folder / "dest")])
        self.prefix = folder / "dest" / prefix.lstrip("/")
        self.lib = self.prefix / libdir
        self.folder = folder
        self.source = source
        self.env = dict(os.environ, LD_LIBRARY_PATH=str(self.lib))
        pc = self.lib / "pkgconfig" / "lunette.pc"
        pc.write_text(re.sub(r"(?m)^prefix=.*", lambda _: f"prefix={self.prefix}", pc.read_text()))
        paths = [str(pc.parent), os.environ.get("PKG_CONFIG_PATH", "")]
        self.env["PKG_CONFIG_PATH"] = ":".join(p for p in paths if p)

    def flags(self, *options):
        return shlex.split(run(["pkg-config", *options, "lunette"], env=self.env))

    def hello(self, name, flags):
        """Compiles the example with these flags outside of both trees, runs it, and returns what it prints."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(self.source / "examples" / "hello.c", folder)
        cc = shlex.split(os.environ.get("CC", "cc"))
        run([*cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "hello.c", "-o", "hello", *flags], env=self.env, cwd=folder)
        return run([folder / "hello"], env=self.env, cwd=folder)


def check_shared(scratch):
    flags = scratch.flags("--cflags", "--libs")
    if any(flag.startswith("-llua") for flag in flags):
        raise Failed(f"a host of the shared library should not link Lua itself: {flags}")
    return scratch.hello("shared", flags)


def check_static(scratch):
    """As in a prefix that has the static library alone: -llunette then means liblunette.a."""
    parked = scratch.folder / "parked"
    parked.mkdir()
    for library in scratch.lib.glob("liblunette.so*"):
        library.rename(parked / library.name)
    try:
        return scratch.hello("static", scratch.flags("--static", "--cflags", "--libs"))
    finally:
        for library in parked.iterdir():
            library.rename(scratch.lib / library.name)


def check_cmake(scratch):
    if not shutil.which("cmake"):
        print("cmake: skipped, there is no cmake here")
        return None
    folder = scratch.folder / "cmake"
    folder.mkdir()
    shutil.copy(scratch.source / "examples" / "hello.c", folder)
    (folder / "CMakeLists.txt").write_text(CMAKE_LISTS)
    run(["cmake", "-S", folder, "-B", folder / "b"], env=scratch.env)
    run(["cmake", "--build", folder / "b"], env=scratch.env)
    return run([folder / "b" / "hello"], env=scratch.env)


def check_tool(scratch, version):
    tool = scratch.prefix / "bin" / "lunette"
    if tool.exists() and version not in run([tool, "--version"], env=scratch.env):
        raise Failed(f"the installed tool does not say version {version}")
    page = scratch.prefix / "share" / "man" / "man1" / "lunette.1"
    if tool.exists() and not page.exists():
        raise Failed(f"no man page was installed as {page}")


def main():
    source, build, prefix, libdir, version = Path(sys.argv[1]), *sys.argv[2:6]
    with tempfile.TemporaryDirectory(prefix="lunette-install-") as folder:
        try:
            scratch = Scratch(Path(folder), source, build, prefix, libdir)
            if run(["pkg-config", "--modversion", "lunette"], env=scratch.env).strip() != version:
                raise Failed(f"lunette.pc does not say version {version}")
            outputs = {f.__name__: f(scratch) for f in (check_shared, check_static, check_cmake)}
            check_tool(scratch, version)
        except Failed as failure:
            sys.exit(f"{failure}")
    said = {name: text for name, text in outputs.items() if text is not None}
    if len(set(said.values())) != 1 or not next(iter(said.values())).strip():
        sys.exit(f"the programs say different things, or nothing: {said}")
    print(f"{', '.join(said)}: fine")


main()
