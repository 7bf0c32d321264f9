#!/usr/bin/env python3
"""Translates the folded profiles of a fleet: runs wamr-fold-translate on Apache Spark.

INPUT and OUTPUT are any paths that Spark reads and writes (files, directories, globs, hdfs://, s3a://). Every
MODULE is a wasm file on this machine, [NAME=]FILE, as for the filter. After "--", options are passed to the
filter, except for those that need a whole profile.

The output is what one process prints for all of INPUT. A frame or line that cannot be translated fails the
job with the filter's message. Line numbers are per partition.
"""

# The filter and the wasm files are shipped to the executors, and the filter runs once for each partition.
# A first pass detects stack checks, as the filter decides on them for the whole profile.

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from decimal import Decimal
from itertools import chain
from operator import add
from pathlib import Path

FILTER = "wamr-fold-translate"

# Options that need a whole profile or name files: long ones, and letters of short ones.
REFUSED = re.compile(
    "--(split-dir|verbose|allow-unresolved|wasm|wasm-names|wasm_names|generate|help|version)(=.*)?|-[^-]*[dvhV].*")


def main():
    arguments = parse(sys.argv[1:])
    try:
        from py4j.protocol import Py4JJavaError
        from pyspark.sql import SparkSession
    except ImportError:
        sys.exit("spark_translate.py: PySpark is missing: pip install pyspark, or run this with spark-submit")
    # Finds errors in options and modules before Spark starts. A blank line causes no warning.
    tried = subprocess.run([arguments.filter, *arguments.options, *arguments.modules], input=b"\n",
                           stdout=subprocess.DEVNULL)
    if tried.returncode != 0:
        sys.exit(tried.returncode)
    spark = SparkSession.builder.appName(FILTER).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        # Executors fetch the files when they need them, so the directory must outlive the job.
        with tempfile.TemporaryDirectory() as directory:
            run(spark.sparkContext, arguments, directory)
    except Py4JJavaError as error:
        sys.exit(cause(str(error), arguments.modules))
    finally:
        spark.stop()


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        usage="spark-submit spark_translate.py [OPTIONS] INPUT OUTPUT MODULE... [-- FILTER OPTIONS]")
    parser.add_argument("input", metavar="INPUT")
    parser.add_argument("output", metavar="OUTPUT", help="a new directory")
    parser.add_argument("modules", metavar="MODULE", nargs="+")
    parser.add_argument("--merge", action="store_true",
                        help="add up the counts of equal stacks, and sort them; for profiles with one count a line")
    parser.add_argument("--allow-unresolved", action="store_true",
                        help="succeed even if frames or lines cannot be translated")
    parser.add_argument("--filter", metavar="FILE", default=FILTER, help="path of the filter, if not on PATH")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parsed = parser.parse_args(arguments[:end])
    parsed.options = arguments[end + 1:]
    for option in filter(REFUSED.fullmatch, parsed.options):
        parser.error(f"{option} cannot follow \"--\": the filter sees the profile in parts")
    if parsed.merge and "--text" in parsed.options:
        parser.error("--merge needs folded stacks, not --text")
    program = shutil.which(parsed.filter)
    if program is None:
        parser.error(f"{parsed.filter} not found: install {FILTER}, or pass --filter FILE")
    parsed.filter = program
    return parsed


def run(context, arguments, directory):
    operands = ship(context, arguments, directory)
    # Every partition would repeat the warnings. Those about modules were printed on this machine.
    command = [FILTER, "--quiet", *arguments.options, *operands]
    lines = context.textFile(arguments.input, use_unicode=False)
    evidence = stack_checks(lines, command, arguments)
    if arguments.allow_unresolved:
        command.append("--allow-unresolved")
    translated = lines.mapPartitions(
        lambda part: without_last(len(evidence), filtered(command, chain(part, evidence))))
    if arguments.merge:
        translated = merged(translated)
    translated.saveAsTextFile(arguments.output)


def ship(context, arguments, directory):
    """Ships the filter and the modules under names that cannot clash; returns the operands for the filter."""
    def add_file(path, name):
        context.addFile(shutil.copy(path, os.path.join(directory, name)))

    add_file(arguments.filter, FILTER)
    operands = []
    for number, module in enumerate(arguments.modules):
        name, path = named(module)
        add_file(path, shipped(number))
        operands.append(f"{name}={shipped(number)}")
    return operands


def shipped(number):
    return f"module-{number}.wasm"


def named(module):
    """The name and the path of a MODULE."""
    name, sign, path = module.partition("=")
    return (name, path) if sign else (Path(module).stem, module)


def stack_checks(lines, command, arguments):
    """Finds the module names whose code has stack checks; returns lines that are evidence of them.

    The filter itself decides: if a name has checks, it translates the name's aot_func#0 differently."""
    names = [os.fsencode(named(module)[0]) for module in arguments.modules]
    # A single module takes frames that name no module, even if it has a name.
    prefixes = [b"", *(b"[%b]#" % name for name in names if name and b"\n" not in name)]
    probes = [prefix + b"aot_func#0 1" for prefix in prefixes]
    shown = [prefix + b"aot_func_internal#0 1" for prefix in prefixes]
    allowed = ["--quiet", "--allow-unresolved"]

    def try_here(lines):
        process = subprocess.run([arguments.filter, *arguments.options, *allowed, *arguments.modules],
                                 input=b"\n".join(lines), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 check=True)
        return process.stdout.removesuffix(b"\n").split(b"\n")[-len(probes):]

    unchecked = try_here(probes)
    if try_here([*shown, *probes]) == unchecked:
        return []  # --stack-check=on or off

    def find(part):
        internal = (line for line in part if b"aot_func_internal#" in line)
        with tempfile.TemporaryFile() as ignored:
            output = deque(run_filter([*command, *allowed], chain(internal, probes), ignored), maxlen=len(probes))
        return [line for line, probe, without in zip(shown, output, unchecked) if probe != without]

    return sorted(set(lines.mapPartitions(find).collect()))


def filtered(command, lines):
    """Runs the filter on an executor, yields the lines of its output, and passes on its messages."""
    with tempfile.TemporaryFile() as messages:
        yield from run_filter(command, lines, messages)
        messages.seek(0)
        sys.stderr.write(messages.read().decode(errors="replace"))


def run_filter(command, lines, messages):
    from pyspark import SparkFiles

    directory = SparkFiles.getRootDirectory()
    program = os.path.join(directory, command[0])
    # From a file, the filter searches the input for stack checks without holding lines.
    with tempfile.TemporaryFile() as profile:
        profile.writelines(line + b"\n" for line in lines)
        profile.seek(0)
        with subprocess.Popen([program, *command[1:]], cwd=directory, stdin=profile, stdout=subprocess.PIPE,
                              stderr=messages) as process:
            yield from (line[:-1] for line in process.stdout)
    if process.returncode != 0:
        messages.seek(0)
        printed = messages.read().decode(errors="replace")
        raise RuntimeError(printed or f"{FILTER}: exit status {process.returncode}")


def without_last(count, lines):
    """All lines but the last COUNT."""
    held = deque()
    for line in lines:
        held.append(line)
        if len(held) > count:
            yield held.popleft()


def merged(lines):
    """One line for each stack, with the sum of its counts, sorted. Lines without a count are dropped."""
    split = (lines.filter(lambda line: not line.startswith(b"# ")).map(lambda line: line.rpartition(b" "))
             .filter(lambda line: line[2].replace(b".", b"", 1).isdigit()))
    sums = split.map(lambda line: (line[0], Decimal(line[2].decode()))).reduceByKey(add)
    return sums.sortByKey().map(lambda sum: b"%b %b" % (sum[0], f"{sum[1]:f}".encode()))


def cause(error, modules):
    """The filter's messages in Spark's error, with the paths of the modules, or else the error itself."""
    messages = re.findall(rf"{FILTER}: .*", error)
    own = re.search(r"(?:Exception|Error): (.*)", error)
    text = "\n".join(dict.fromkeys(messages)) or f"spark_translate.py: {own[1] if own else error}"
    paths = {shipped(number): named(module)[1] for number, module in enumerate(modules)}
    return re.sub(r"module-\d+\.wasm", lambda match: paths.get(match[0], match[0]), text)


if __name__ == "__main__":
    main()
