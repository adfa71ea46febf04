# The few commands people type. The build itself is Meson's; what a clean machine lacks is scripts/deps' business.
#
# Variables: PREFIX and DESTDIR for install, BUILD for another build folder, MESON_FLAGS for the first
# configuration of it, LUA for another Lua than the system's, by its prefix (build/lua is what `make lua` makes): then the
# build folder is BUILD-lua, so that neither is configured for the other.

LUA =
ifneq ($(LUA),)
BUILD ?= build-lua
MESON_LUA = -Dlua_prefix='$(abspath $(LUA))' -Dlua_bundled=true
endif
BUILD ?= build
PREFIX ?=
DESTDIR ?=
MESON_FLAGS ?=
NINJA_FLAGS ?=
TIME ?= 10m

# Meson asks dpkg-architecture for Debian's library folder, which a machine without dpkg-dev does not have; it then
# takes lib64, where neither Debian's loader nor its pkg-config looks.
DEBIAN_LIBDIR = $(if $(wildcard /etc/debian_version),$(shell cc -print-multiarch 2>/dev/null))
export BUILD

.DEFAULT_GOAL := build
.PHONY: build demo test bench plots soak fuzz lint matrix lua install clean help deps configure

help: ## this list
	@echo 'make            build the library and the tool into $(BUILD)/ (what is missing is named: make deps installs it)'
	@sed -n 's/^\([a-z]*\):[^#]*## /\1 /p' Makefile | while read -r target text; do \
	    printf 'make %-10s %s\n' "$$target" "$$text"; done
	@echo 'PREFIX=/usr/local, DESTDIR=, BUILD=build and MESON_FLAGS= can be set, for example: make install PREFIX=/opt/lunette'
	@echo 'LUA=build/lua: build, test or install with that Lua in place of the system'"'"'s, in the folder build-lua'

build: configure
	@meson compile -C $(BUILD) $(NINJA_FLAGS)

deps: ## install what a build needs, through the system's package manager
	@scripts/deps build test

demo: ## install what is missing, build, and run the example tenants and the comparison with fresh states
	@scripts/deps build test
	@$(MAKE) --no-print-directory build
	@scripts/demo

test: ## install what is missing, build, and run every test
	@scripts/deps build test
	@$(MAKE) --no-print-directory build
	@scripts/test

bench: ## measure against fresh states and the system's Lua; writes build/bench.json and build/plots/
	@scripts/deps build test bench
	@$(MAKE) --no-print-directory build
	@scripts/bench

plots: ## draw the pictures of the README in docs/plots/ from the last `make bench`
	@python3 scripts/plot.py bench $(BUILD)/bench.json docs/plots

soak: ## run mixed tenants on all processors for TIME=10m; writes build/soak.json and build/soak.svg, fails if anything creeps
	@scripts/deps build test
	@$(MAKE) --no-print-directory build
	@scripts/soak $(TIME)

fuzz: ## TIME=60s FUZZ="program arena": look for inputs that break something, with libFuzzer
	@scripts/deps build fuzz
	@LUA='$(LUA)' scripts/fuzz $(TIME) $(FUZZ)

lint: ## formatting, clang-tidy, cppcheck, shellcheck, and both compilers with warnings as errors
	@scripts/deps build test lint
	@scripts/lint

matrix: ## install what is missing, and test the tree in every way it can be built; CELLS= picks some (scripts/matrix --list)
	@scripts/deps build test lint matrix
	@scripts/matrix $(CELLS)

# The loader finds a library in /usr/local/lib by its cache alone.
install: build ## build and install into PREFIX, below DESTDIR if given
	@test -z '$(PREFIX)' || meson configure $(BUILD) -Dprefix='$(PREFIX)'
	@test -z '$(PREFIX)' || meson compile -C $(BUILD)
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --no-rebuild
	@test -n '$(DESTDIR)' || test "$$(id -u)" -ne 0 || ! command -v ldconfig >/dev/null || ldconfig

lua: ## build the system's Lua again, faster and mended, into build/lua, from its source package or LUA_SOURCE=; then: make LUA=build/lua
	@scripts/deps build test
	@scripts/lua

clean: ## remove the build folder
	rm -rf $(BUILD)

configure:
	@scripts/deps --check build test || { echo 'make deps installs it' >&2; exit 1; }
	@test -z '$(LUA)' || test ! -f $(BUILD)/build.ninja || \
	    grep -q '"lua_prefix", "value": "$(abspath $(LUA))"' $(BUILD)/meson-info/intro-buildoptions.json || \
	    { echo '$(BUILD) is configured for another Lua than $(LUA): name another folder with BUILD=' >&2; exit 1; }
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) \
	    $(if $(DEBIAN_LIBDIR),--libdir=lib/$(DEBIAN_LIBDIR)) $(MESON_LUA) $(MESON_FLAGS)
