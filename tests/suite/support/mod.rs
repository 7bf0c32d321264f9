//! Runs the program, and makes its input.

pub(crate) mod agreement;
pub(crate) mod inputs;
pub(crate) mod plain_module;
pub(crate) mod reference;
pub(crate) mod sections;
pub(crate) mod text_reference;

use std::fmt::{self, Display, Write as _};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use wamr_fold_translate::{Options, Translator};

const FILTER: &str = env!("CARGO_BIN_EXE_wamr-fold-translate");

/// The exit status of a script whose tools or permissions are missing.
const MISSING: i32 = 99;

/// The program with arguments, about to be run in a directory of its own.
pub(crate) struct Program {
    pub(crate) command: Command,
    pub(crate) dir: TempDir,
}

/// What a run printed, and its exit status; `None` after a signal.
#[derive(PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// For failed assertions.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(f, "exit status {status:?}\n---- stdout\n{stdout}\n---- stderr\n{stderr}\n----")
    }
}

/// A run that printed `stdout` and no message, and succeeded.
pub(crate) fn success(stdout: impl Into<String>) -> Outcome {
    Outcome { status: Some(0), stdout: stdout.into(), stderr: String::new() }
}

/// A run that printed `stdout` and one message, and exited with `status`.
pub(crate) fn failure(status: i32, stdout: &str, message: &str) -> Outcome {
    let stderr = format!("wamr-fold-translate: {message}\n");
    Outcome { status: Some(status), stdout: stdout.to_owned(), stderr }
}

impl Outcome {
    /// The lines of standard error, without the name of the program.
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.stderr.lines().map(|line| line.strip_prefix("wamr-fold-translate: ").unwrap_or(line)).collect()
    }
}

pub(crate) fn program(arguments: &[&str]) -> Program {
    let mut command = Command::new(FILTER);
    command.args(arguments);
    in_directory(command)
}

/// A bash script, about to be run like the program, which it finds in `$FILTER`.
pub(crate) fn shell(script: &str) -> Program {
    let mut command = Command::new("bash");
    command.args(["-c", script]).env("FILTER", FILTER);
    in_directory(command)
}

/// The program with arguments and redirections of bash, after `limits`. See [`Program::cpu_time`].
pub(crate) fn timed(limits: &str, arguments: &str) -> Program {
    // `time` writes to the standard error of the group, the program to that of the script.
    shell(&format!(
        r#"{limits}; TIMEFORMAT="%U %S"; {{ time "$FILTER" {arguments} 2>&3; }} 3>&2 2> cpu-time"#
    ))
}

fn in_directory(mut command: Command) -> Program {
    let dir = tempfile::tempdir().unwrap();
    command.current_dir(dir.path()).env("LC_ALL", "C.UTF-8");
    Program { command, dir }
}

impl Program {
    /// Puts a file into the directory in which the program runs.
    pub(crate) fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// Puts `app.wasm` there, see [`app`].
    pub(crate) fn with_app(self) -> Self {
        self.with_file("app.wasm", app())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The sorted names of the files in a directory.
    pub(crate) fn list(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(dir)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The processor time of the last run of [`timed`]. Other processes do not change it.
    pub(crate) fn cpu_time(&self) -> Duration {
        let times = self.read("cpu-time");
        times.split_whitespace().map(|time| Duration::from_secs_f64(time.parse().unwrap())).sum()
    }

    /// Runs the program with `input` on a pipe.
    pub(crate) fn pipe(&mut self, input: impl AsRef<[u8]>) -> Outcome {
        self.pipe_into(Stdio::piped(), input)
    }

    /// Runs the program with `input` on a pipe and `stdout` as its standard output.
    pub(crate) fn pipe_into(&mut self, stdout: impl Into<Stdio>, input: impl AsRef<[u8]>) -> Outcome {
        let mut child =
            self.command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref();
        thread::scope(|scope| {
            // The program may exit without reading its input.
            scope.spawn(move || _ = stdin.write_all(input));
            outcome(child)
        })
    }

    /// Runs the program with a file on standard input.
    pub(crate) fn file(&mut self, input: impl Into<Stdio>) -> Outcome {
        self.command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        outcome(self.command.spawn().unwrap())
    }

    /// Runs a script; `None` if it exits with [`MISSING`].
    pub(crate) fn run_or_skip(&mut self, missing: &str) -> Option<Outcome> {
        let outcome = self.pipe("");
        if outcome.status == Some(MISSING) {
            skip(missing);
            return None;
        }
        Some(outcome)
    }

    /// Starts the program with pipes that are written and read line by line.
    pub(crate) fn live(&mut self) -> Live {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
        Live { child, stdin, stderr, lines }
    }
}

fn outcome(child: Child) -> Outcome {
    let output = child.wait_with_output().unwrap();
    Outcome {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a bash script after `mounts`, which mount file systems that only the script sees; `None` if that is not
/// permitted.
pub(crate) fn with_mounts(mounts: &str, script: &str) -> Option<Outcome> {
    let mut shell = shell(
        r#"namespace=(unshare --mount --map-root-user)
        "${namespace[@]}" true 2> /dev/null || exit 99
        exec "${namespace[@]}" bash -c "{ $MOUNTS; } || exit 99
        $SCRIPT""#,
    );
    shell.command.env("MOUNTS", mounts).env("SCRIPT", script);
    shell.with_app().run_or_skip("no file system can be mounted here")
}

/// Reports that a test, or a part of it, is skipped. The test runner captures only what macros such as `println!`
/// print, so it shows this.
pub(crate) fn skip(reason: impl Display) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    _ = io::stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes());
}

/// A running program in a live pipe.
pub(crate) struct Live {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stderr: ChildStderr,
    lines: Receiver<String>,
}

impl Live {
    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The next line of output.
    pub(crate) fn read(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(60)).expect("a line comes out")
    }

    /// Ends the input. The outcome has the output that was not yet read.
    pub(crate) fn finish(mut self) -> Outcome {
        drop(self.stdin.take());
        let stdout = self.lines.iter().map(|line| line + "\n").collect();
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Outcome { status: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

/// A module that imports one function, and then defines `run`, `sum` and `inc`: N is 0, 1 and 2.
pub(crate) fn app() -> Vec<u8> {
    wat(r#"(module (import "env" "log" (func $log)) (func $run) (func $sum) (func $inc))"#)
}

/// The wasm file of this text.
pub(crate) fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A translator with the module [`app`] under each of `names`.
pub(crate) fn translator(names: &[&str], options: Options) -> Translator {
    Translator::new(inputs::modules(names, &app()), options).unwrap()
}

/// The default options after `set`.
pub(crate) fn options(set: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    set(&mut options);
    options
}

/// A folded stack of `main` and these frames, with count 1.
pub(crate) fn stack(frames: &[&str]) -> String {
    let mut line = "main".to_owned();
    for frame in frames {
        write!(line, ";{frame}").unwrap();
    }
    line + " 1\n"
}

/// The directory of the recordings.
pub(crate) fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}
