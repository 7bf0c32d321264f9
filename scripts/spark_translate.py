#!/usr/bin/env python3
"""Translates the folded profiles of a fleet: runs wamr-fold-translate over Apache Spark.

INPUT and OUTPUT are any paths that Spark reads and writes (files, directories, globs, hdfs://, s3a://).
Every MODULE is a wasm file on this machine, [NAME=]FILE, as for the filter. What follows "--" is passed
to the filter, such as --demangle.

The filter is run as it is, once for each partition of INPUT; the wasm files and the filter itself are
shipped to the executors. A frame or line that it cannot translate fails the job with its message.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from operator import add

from py4j.protocol import Py4JJavaError
from pyspark import SparkFiles
from pyspark.sql import SparkSession

FILTER = "wamr-fold-translate"

# A line with one or two counts and what is none (perf's ":tid PID"), as the filter takes it.
COUNT = r"[ \t]+[0-9]+(?:\.[0-9]*)?"
STACK = re.compile(rf"(?!# )([ \t]*[^ \t].*?(?::tid{COUNT})?)((?:{COUNT}){{1,2}})[ \t]*\r?", re.DOTALL)

# What the filter takes for a frame of code with stack checks.
INTERNAL = re.compile(
    r"(?!\[Wasm\] )[ \t]*(?:\[.+\]#)?aot_func_internal#[0-9]+(?:(?:_wrapper|_\[|\+|:).*)?", re.DOTALL)

# What begins a line with the messages of a filter that failed. No profile has it.
MESSAGES = "\0messages: "

# Runs the filter ($@) where the files were shipped to. If it fails, its messages end the output.
WRAPPER = r"""
cd "$0" 2> /dev/null || :
{ messages=$(./"$@" 2>&1 >&3); status=$?; } 3>&1
if [ $status = 0 ]; then
    [ -z "$messages" ] || printf '%s\n' "$messages" >&2
else
    printf '\000messages: '
    printf '%s' "${messages:-status $status}" | tr '\n' '\000'
    echo
fi
"""


def main():
    arguments = parse(sys.argv[1:])
    # An option or module that the filter cannot use is told before anything is started.
    tried = subprocess.run([arguments.filter, *arguments.options, *arguments.modules], stdin=subprocess.DEVNULL)
    if tried.returncode != 0:
        sys.exit(tried.returncode)
    spark = SparkSession.builder.appName("wamr-fold-translate").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        # Executors fetch what is shipped when they need it, so it stays until the end.
        with tempfile.TemporaryDirectory() as directory:
            run(spark.sparkContext, arguments, directory)
    except Py4JJavaError as error:
        sys.exit(cause(str(error)))
    finally:
        spark.stop()


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="spark-submit spark_translate.py [OPTIONS] INPUT OUTPUT MODULE... [-- OPTIONS OF THE FILTER]")
    parser.add_argument("input", metavar="INPUT")
    parser.add_argument("output", metavar="OUTPUT", help="a directory that does not exist yet")
    parser.add_argument("modules", metavar="MODULE", nargs="+")
    parser.add_argument("--merge", action="store_true",
                        help="add up the counts of equal stacks, and sort the stacks")
    parser.add_argument("--allow-unresolved", action="store_true",
                        help="leave what cannot be translated as it is")
    parser.add_argument("--filter", metavar="FILE", default=shutil.which(FILTER),
                        help="the filter, if it is not on PATH")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parsed = parser.parse_args(arguments[:end])
    parsed.options = arguments[end + 1:]
    if parsed.filter is None:
        parser.error(f"{FILTER} is not on PATH: pass --filter FILE")
    return parsed


def run(context, arguments, directory):
    operands = ship(context, arguments, directory)
    lines = context.textFile(arguments.input)
    checks = "off" if lines.filter(has_internal).isEmpty() else "on"
    allow = ["--allow-unresolved"] if arguments.allow_unresolved else []
    command = [FILTER, f"--stack-check={checks}", *allow, *arguments.options, *operands]
    wrapped = ["sh", "-c", WRAPPER, SparkFiles.getRootDirectory(), *command]
    translated = lines.pipe(" ".join(map(quoted, wrapped))).map(checked)
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
        name, sign, path = module.partition("=")
        if not sign:
            name, path = os.path.splitext(os.path.basename(module))[0], module
        add_file(path, f"module-{number}.wasm")
        operands.append(f"{name}=module-{number}.wasm")
    return operands


def has_internal(line):
    stack = STACK.fullmatch(line) if "aot_func_internal#" in line else None
    return stack is not None and any(map(INTERNAL.fullmatch, stack[1].split(";")))


def quoted(word):
    """The word, as shlex.split, which RDD.pipe uses, reads it."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


def checked(line):
    """The line, if it does not hold messages of a filter that failed."""
    if line.startswith(MESSAGES):
        raise RuntimeError(line[len(MESSAGES):].replace("\0", "\n"))
    return line


def merged(lines):
    """One line for each stack, with the sums of its counts, sorted; comments and the like are left out.
    A stack that has one count here and two there stays two lines."""
    stacks = lines.map(STACK.fullmatch).filter(lambda stack: stack is not None)
    counted = stacks.map(lambda stack: (stack[1], [Decimal(count) for count in stack[2].split()]))
    counts = counted.map(lambda stack: ((stack[0], len(stack[1])), stack[1]))
    sums = counts.reduceByKey(lambda a, b: list(map(add, a, b)))
    return sums.sortByKey().map(lambda item: " ".join([item[0][0], *(f"{count:f}" for count in item[1])]))


def cause(error):
    """What a person needs to know of an exception of Spark: the filter's messages, or the exception's own."""
    messages = re.findall(rf"{FILTER}: .*", error)
    own = re.search(r"(?:Exception|Error): (.*)", error)
    return "\n".join(dict.fromkeys(messages)) or f"spark_translate.py: {own[1] if own else error}"


if __name__ == "__main__":
    main()
