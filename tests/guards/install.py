"""A user can build on what was installed: examples/hello.c is compiled outside of the tree as a user would, by
pkg-config against the shared library, by pkg-config against the static one, into a program without any shared
library, and by CMake's pkg_check_modules where there is a CMake; each program is run, and all say the same. The
installed tool and its man page are looked at too.

Usage: install.py SOURCE-ROOT BUILD-ROOT PREFIX LIBDIR VERSION    what `meson install` leaves, into a scratch folder
       install.py --installed PREFIX SOURCE-ROOT VERSION          what is in PREFIX, where it is
CC is the compiler. Which libraries there must be is what lies in the folder of lunette.pc: at least one.
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


class Installed:
    """A prefix with Lunette in it, and the environment in which pkg-config and the loader find it."""

    def __init__(self, prefix, source, folder):
        found = sorted(prefix.glob("lib*/**/pkgconfig/lunette.pc"))
        if len(found) != 1:
            raise Failed(f"one lunette.pc should be below {prefix}/lib*, not {len(found)}")
        self.prefix = prefix
        self.lib = found[0].parent.parent
        self.source = source
        self.folder = folder
        paths = [str(found[0].parent), os.environ.get("PKG_CONFIG_PATH", "")]
        self.env = dict(os.environ, LD_LIBRARY_PATH=str(self.lib), PKG_CONFIG_PATH=":".join(p for p in paths if p))

    def has(self, kind):
        return (self.lib / {"shared": "liblunette.so", "static": "liblunette.a"}[kind]).exists()

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


def install(build, prefix, libdir, folder):
    """The same files under another prefix, and pkg-config told so."""
    meson = shlex.split(os.environ.get("MESON", "meson"))
    run([*meson, "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", str(folder / "dest")])
    moved = folder / "dest" / prefix.lstrip("/")
    pc = moved / libdir / "pkgconfig" / "lunette.pc"
    pc.write_text(re.sub(r"(?m)^prefix=.*", lambda _: f"prefix={moved}", pc.read_text()))
    return moved


def check_shared(installed):
    if not installed.has("shared"):
        return None
    flags = installed.flags("--cflags", "--libs")
    if any(flag.startswith("-llua") for flag in flags):
        raise Failed(f"a host of the shared library should not link Lua itself: {flags}")
    return installed.hello("shared", flags)


def check_static(installed):
    """As in a prefix that has the static library alone: -llunette then means liblunette.a."""
    if not installed.has("static"):
        return None
    shared = list(installed.lib.glob("liblunette.so*"))
    alone = installed.folder / "alone"
    alone.mkdir()
    shutil.copy(installed.lib / "liblunette.a", alone)
    flags = [f"-L{alone}" if flag == f"-L{installed.lib}" else flag for flag in
             installed.flags("--static", "--cflags", "--libs")]
    if shared and f"-L{alone}" not in flags:
        raise Failed(f"lunette.pc does not say where its libraries are: {flags}")
    return installed.hello("static", flags)


def check_no_shared_library(installed):
    """A program that the loader has nothing to do with. libc and Lua are there as archives, or they are not."""
    if not installed.has("static"):
        return None
    flags = ["-static", *installed.flags("--static", "--cflags", "--libs")]
    try:
        return installed.hello("no-shared-library", flags)
    except Failed as failure:
        if "cannot find -l" not in str(failure):
            raise
        missing = re.findall(r"cannot find (-l[^\s:]+)", str(failure))
        print("no shared library: skipped, these archives are missing here:", *missing)
        return None


def check_cmake(installed):
    if not shutil.which("cmake"):
        print("cmake: skipped, there is no cmake here")
        return None
    if not installed.has("shared"):
        print("cmake: skipped, there is no shared library here")
        return None
    folder = installed.folder / "cmake"
    folder.mkdir()
    shutil.copy(installed.source / "examples" / "hello.c", folder)
    (folder / "CMakeLists.txt").write_text(CMAKE_LISTS)
    run(["cmake", "-S", folder, "-B", folder / "b"], env=installed.env)
    run(["cmake", "--build", folder / "b"], env=installed.env)
    return run([folder / "b" / "hello"], env=installed.env)


def check_tool(installed, version):
    tool = installed.prefix / "bin" / "lunette"
    if tool.exists() and version not in run([tool, "--version"], env=installed.env):
        raise Failed(f"the installed tool does not say version {version}")
    page = installed.prefix / "share" / "man" / "man1" / "lunette.1"
    if tool.exists() and not page.exists():
        raise Failed(f"no man page was installed as {page}")


def check(installed, version):
    """What each way of building the example printed."""
    if run(["pkg-config", "--modversion", "lunette"], env=installed.env).strip() != version:
        raise Failed(f"lunette.pc does not say version {version}")
    checks = {
        "shared": check_shared,
        "static": check_static,
        "no shared library": check_no_shared_library,
        "cmake": check_cmake,
    }
    said = {name: build_and_run(installed) for name, build_and_run in checks.items()}
    said = {name: text for name, text in said.items() if text is not None}
    if len(set(said.values())) != 1 or not next(iter(said.values())).strip():
        raise Failed(f"no program was built, or they say different things, or nothing: {said}")
    check_tool(installed, version)
    return said


def main():
    with tempfile.TemporaryDirectory(prefix="lunette-install-") as name:
        folder = Path(name)
        try:
            if sys.argv[1] == "--installed":
                prefix, source, version = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
            else:
                source, version = Path(sys.argv[1]), sys.argv[5]
                prefix = install(*sys.argv[2:5], folder)
            said = check(Installed(prefix, source, folder), version)
        except Failed as failure:
            sys.exit(f"{failure}")
    print(f"{', '.join(said)}: fine")


main()
