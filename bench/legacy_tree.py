# SPDX-License-Identifier: Apache-2.0
"""A tree of C code as the repository of somebody who has never seen prgate."""

import json
import os
import re
import shlex
import shutil
import subprocess
import time

# Every run of git by prgate is a line of the file RUNS_OF_GIT; prgate itself drops what begins with GIT_.
SHIM = """#!/bin/sh
if [ -n "$RUNS_OF_GIT" ] && [ "$(cat /proc/$PPID/comm)" = prgate ]; then
  printf '%s\\n' "$*" >>"$RUNS_OF_GIT"
fi
exec {git} "$@"
"""


class LegacyTree:
    """A copy of a built tree under git, with one commit, a remote and a compilation database."""

    def __init__(self, place, tree, prgate, limit=None):
        tree = os.path.realpath(tree)
        self.root = os.path.join(place, os.path.basename(os.path.dirname(tree)) or "tree")
        self.git_log = os.path.join(place, "git.log")
        tools = os.path.join(place, "bin")
        os.makedirs(tools)
        os.symlink(os.path.realpath(prgate), os.path.join(tools, "prgate"))
        shim = os.path.join(tools, "git")
        with open(shim, "w") as file:
            file.write(SHIM.format(git=shutil.which("git")))
        os.chmod(shim, 0o755)
        home = os.path.join(place, "home")
        os.makedirs(home)
        self.environment = {
            "PATH": tools + ":" + os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8",
            "XDG_CACHE_HOME": home + "/.cache", "TMPDIR": place, "RUNS_OF_GIT": self.git_log, "GIT_CONFIG_NOSYSTEM": "1",
        }
        for name in ["LD_LIBRARY_PATH", "LIBCLANG_PREFIX"]:
            if name in os.environ:
                self.environment[name] = os.environ[name]
        skip = shutil.ignore_patterns(".git", ".pc", "*.o", "*.a", "*.so", "*.cmd", "compile_commands.json")
        shutil.copytree(tree, self.root, ignore=skip, symlinks=True)
        with open(os.path.join(tree, "compile_commands.json")) as file:
            self.commands = json.loads(file.read().replace(tree, self.root))[:limit]
        with open(os.path.join(self.root, "compile_commands.json"), "w") as file:
            json.dump(self.commands, file, indent=1)
        with open(os.path.join(self.root, ".gitignore"), "a") as file:
            file.write("\n/compile_commands.json\n")
        self.shell(
            "git init -q --initial-branch=main && git config user.name Dev"
            " && git config user.email dev@example.org && git add -A -f . "
            " && git rm -q --cached compile_commands.json && git commit -q -m 'Import'"
            " && git init -q --bare --initial-branch=main ../origin.git"
            " && git remote add origin ../origin.git && git push -q -u origin main"
            " && git remote set-head origin main")

    def shell(self, command):
        """Runs what has to succeed."""
        subprocess.run(
            ["bash", "-c", command], cwd=self.root, env=self.environment, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run(self, command):
        """Runs a command: its status, what it printed, seconds by the clock and of the processor."""
        if os.path.exists(self.git_log):
            os.unlink(self.git_log)
        start = time.monotonic()
        process = subprocess.Popen(
            ["bash", "-c", "set -o pipefail; " + command], cwd=self.root, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Run(
            process.returncode, text, time.monotonic() - start, usage.ru_utime + usage.ru_stime,
            self.git_runs())

    def git_runs(self):
        if not os.path.exists(self.git_log):
            return 0
        with open(self.git_log) as file:
            return len(file.readlines())

    def append(self, path, text):
        with open(os.path.join(self.root, path), "a") as file:
            file.write(text)

    def replace(self, path, old, new):
        path = os.path.join(self.root, path)
        with open(path, encoding="latin-1") as file:
            text = file.read()
        assert old in text, old
        with open(path, "w", encoding="latin-1") as file:
            file.write(text.replace(old, new))

    def units_that_read(self, paths):
        """The units of which clang's preprocessor says that they read one of the files."""
        wanted = {os.path.join(self.root, path) for path in paths}
        units = set()
        for command in self.commands:
            words = [word for word in arguments(command) if word not in ("-c",)]
            output = subprocess.run(
                [clang(), "-MM", "-w"] + words[1:], cwd=command["directory"], check=True,
                capture_output=True, text=True).stdout
            names = re.sub(r"\\\n", " ", output).split(":", 1)[1].split()
            read = {os.path.realpath(os.path.join(command["directory"], name)) for name in names}
            if read & {os.path.realpath(path) for path in wanted}:
                units.add(os.path.relpath(
                    os.path.join(command["directory"], command["file"]), self.root))
        return units


class Run:
    """What a command left."""

    def __init__(self, status, text, wall, processor, git_runs):
        self.status, self.text, self.wall = status, text, wall
        self.processor, self.git_runs = processor, git_runs


def arguments(command):
    """The words of an entry, without the output."""
    words = command.get("arguments") or shlex.split(command["command"])
    result = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word == "-o":
            skip = True
        else:
            result.append(word)
    return result


def clang():
    return shutil.which("clang-19") or shutil.which("clang") or "clang"
