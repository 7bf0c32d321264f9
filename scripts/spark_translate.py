#!/usr/bin/env python3
"""Translates the folded profiles of a fleet: runs wamr-fold-translate over Apache Spark.

INPUT and OUTPUT are any paths that Spark reads and writes (files, directories, globs, hdfs://, s3a://).
Every MODULE is a wasm file on this machine, [NAME=]FILE, as for the filter. Options of the filter follow
"--": --demangle, --export-names, --annotate, --name-first, --stack-check WHEN, --text.

The result is what one process prints for all of INPUT. A frame or line that cannot be translated fails the
job with the filter's message, which counts lines from the start of a partition.
"""

# The filter and the wasm files are shipped to the executors, and the filter runs once for each partition.
# A first pass finds out which code has stack checks, as the filter decides that for the whole profile.

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

FILTER = "wamr-fold-translate"

# Options of the filter that mean for a partition what they mean for the whole profile.
FLAGS = ["--demangle", "--export-names", "--annotate", "--name-first", "--text"]

# A line with one or two counts, and what is no count (perf's ":tid PID"), as the filter reads it.
COUNT = rb"[ \t]+[0-9]+(?:\.[0-9]*)?"
STACK = re.compile(rb"(?!# )(.*?:tid%b|[ \t]*[^ \t].*?)((?:%b){1,2})[ \t]*\r?" % (COUNT, COUNT), re.DOTALL)


def main():
    arguments = parse(sys.argv[1:])
    try:
        from py4j.protocol import Py4JJavaError
        from pyspark.sql import SparkSession
    except ImportError:
        sys.exit("spark_translate.py: PySpark is missing: pip install pyspark, or run this with spark-submit")
    # Refuses options and modules that the filter cannot use before Spark starts.
    tried = subprocess.run([arguments.filter, *arguments.options, *arguments.modules], stdin=subprocess.DEVNULL)
    if tried.returncode != 0:
        sys.exit(tried.returncode)
    spark = SparkSession.builder.appName(FILTER).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        # Executors fetch the files when they need them, so the directory stays until the end.
        with tempfile.TemporaryDirectory() as directory:
            run(spark.sparkContext, arguments, directory)
    except Py4JJavaError as error:
        sys.exit(cause(str(error), arguments.modules))
    finally:
        spark.stop()


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        usage="spark-submit spark_translate.py [OPTIONS] INPUT OUTPUT MODULE... [-- OPTIONS OF THE FILTER]")
    parser.add_argument("input", metavar="INPUT")
    parser.add_argument("output", metavar="OUTPUT", help="a directory that does not exist yet")
    parser.add_argument("modules", metavar="MODULE", nargs="+")
    parser.add_argument("--merge", action="store_true",
                        help="add up the counts of equal stacks, and sort the stacks; drops comments")
    parser.add_argument("--allow-unresolved", action="store_true",
                        help="leave what cannot be translated as it is")
    parser.add_argument("--filter", metavar="FILE", default=FILTER, help="the filter, if it is not on PATH")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parsed = parser.parse_args(arguments[:end])

    of_filter = argparse.ArgumentParser(usage=argparse.SUPPRESS, add_help=False, allow_abbrev=False)
    for flag in FLAGS:
        of_filter.add_argument(flag, action="store_true")
    of_filter.add_argument("-s", "--stack-check", default="auto")
    parsed.options = arguments[end + 1:]
    options, others = of_filter.parse_known_args(parsed.options)
    if others:
        parser.error(f"{others[0]} cannot follow \"--\", as the filter sees the profile in parts: "
                     f"pass --stack-check, {', '.join(FLAGS)}")
    if options.text and parsed.merge:
        parser.error("--merge needs folded stacks, but the input of --text is any text")
    parsed.auto = options.stack_check == "auto"
    program = shutil.which(parsed.filter)
    if program is None:
        parser.error(f"{parsed.filter} cannot be run: install {FILTER}, or pass --filter FILE")
    parsed.filter = program
    return parsed


def run(context, arguments, directory):
    operands = ship(context, arguments, directory)
    # Warnings would come from every partition. Those about the modules were printed by the driver's run.
    command = [FILTER, "--quiet", *arguments.options, *operands]
    lines = context.textFile(arguments.input, use_unicode=False)
    evidence = stack_checks(lines, command, arguments) if arguments.auto else []
    if arguments.allow_unresolved:
        command.append("--allow-unresolved")
    translated = lines.mapPartitions(
        lambda part: without_last(len(evidence), filtered(command, chain(part, evidence))))
    if arguments.merge:
        translated = merged(translated)
    translated.saveAsTextFile(arguments.output)


def ship(context, arguments, directory):
    """Ships the filter and the modules, each under a name of its own; returns the filter's operands."""
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
    if sign:
        return name, path
    file = os.path.basename(module)
    return file.rpartition(".")[0] or file, module


def stack_checks(lines, command, arguments):
    """Finds the module names whose code has stack checks; returns lines that tell the filter.

    The filter itself recognizes them: if a name has checks in a partition, the filter translates a frame of
    that name in another way than with --stack-check=off."""
    names = [os.fsencode(named(module)[0]) for module in arguments.modules]
    # Frames without a module's name may belong to a module that has one, if no other is loaded.
    prefixes = [b"", *(b"[%b]#" % name for name in names if name and b"\n" not in name)]
    probes = [prefix + b"aot_func#0 1" for prefix in prefixes]
    allowed = ["--quiet", "--allow-unresolved"]
    unchecked = subprocess.run(
        [arguments.filter, *arguments.options, *allowed, "--stack-check=off", *arguments.modules],
        input=b"".join(probe + b"\n" for probe in probes), stdout=subprocess.PIPE, check=True).stdout.split(b"\n")

    def find(part):
        internal = (line for line in part if b"aot_func_internal#" in line)
        output = deque(filtered([*command, *allowed], chain(internal, probes)), maxlen=len(probes))
        return [prefix for prefix, line, without in zip(prefixes, output, unchecked) if line != without]

    checked = set(lines.mapPartitions(find).collect())
    return [prefix + b"aot_func_internal#0 1" for prefix in sorted(checked)]


def filtered(command, lines):
    """Runs a command of the filter on an executor, and yields the lines of its output."""
    from pyspark import SparkFiles

    directory = SparkFiles.getRootDirectory()
    program = os.path.join(directory, command[0])
    # As a file, the input can be searched for stack checks before it is translated.
    with tempfile.TemporaryFile() as profile, tempfile.TemporaryFile() as messages:
        profile.writelines(line + b"\n" for line in lines)
        profile.seek(0)
        with subprocess.Popen([program, *command[1:]], cwd=directory, stdin=profile, stdout=subprocess.PIPE,
                              stderr=messages) as process:
            yield from (line[:-1] for line in process.stdout)
        messages.seek(0)
        printed = messages.read().decode(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(printed or f"{FILTER}: exit status {process.returncode}")
    sys.stderr.write(printed)


def without_last(count, lines):
    """The lines but the last COUNT of them."""
    held = deque()
    for line in lines:
        held.append(line)
        if len(held) > count:
            yield held.popleft()


def merged(lines):
    """One line for each stack, with the sums of its counts, sorted; comments and the like are left out.
    A stack that has one count here and two there stays two lines."""
    stacks = lines.map(STACK.fullmatch).filter(lambda stack: stack is not None)
    counted = stacks.map(lambda stack: (stack[1], [Decimal(count.decode()) for count in stack[2].split()]))
    counts = counted.map(lambda stack: ((stack[0], len(stack[1])), stack[1]))
    sums = counts.reduceByKey(lambda a, b: list(map(add, a, b)))
    return sums.sortByKey().map(lambda item: b" ".join([item[0][0], *(f"{count:f}".encode() for count in item[1])]))


def cause(error, modules):
    """The filter's messages in an exception of Spark, with the modules' own paths, or else the exception's."""
    messages = re.findall(rf"{FILTER}: .*", error)
    own = re.search(r"(?:Exception|Error): (.*)", error)
    text = "\n".join(dict.fromkeys(messages)) or f"spark_translate.py: {own[1] if own else error}"
    paths = {shipped(number): named(module)[1] for number, module in enumerate(modules)}
    return re.sub(r"module-\d+\.wasm", lambda match: paths.get(match[0], match[0]), text)


if __name__ == "__main__":
    main()
