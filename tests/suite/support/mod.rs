//! Runs the program, and makes its input.

pub(crate) mod plain_module;
pub(crate) mod portions;
pub(crate) mod reference;
pub(crate) mod sections;
pub(crate) mod text_reference;

use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use wamr_fold_translate::{Module, Modules, Wasm};

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

/// As text that a person can read, for failed assertions.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(f, "exit status {status:?}\n---- stdout\n{stdout}\n---- stderr\n{stderr}\n----")
    }
}

const FILTER: &str = env!("CARGO_BIN_EXE_wamr-fold-translate");

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

/// The program with arguments and redirections of bash, behind `limits`. See [`Program::cpu_time`].
pub(crate) fn timed(limits: &str, arguments: &str) -> Program {
    // `time` writes to the standard error of the group, the program to that of the script.
    shell(&format!(
        r#"{limits}; TIMEFORMAT="%U %S"; {{ time "$FILTER" {arguments} 2>&3; }} 3>&2 2> cpu-time"#
    ))
}

fn in_directory(mut command: Command) -> Program {
    let dir = tempfile::tempdir().unwrap();
    command.current_dir(dir.path());
    Program { command, dir }
}

impl Program {
    /// Puts a file into the directory in which the program runs.
    pub(crate) fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    /// Puts `app.wasm` there, see [`app`].
    pub(crate) fn with_app(self) -> Self {
        self.with_file("app.wasm", app())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The names of what is in a directory, sorted.
    pub(crate) fn list(&self, dir: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(dir)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// What the last run of [`timed`] took of a processor, however busy the machine was.
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

    /// Starts the program with pipes that are written and read line by line.
    pub(crate) fn live(&mut self) -> Live {
        let mut child = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
        Live { child, stdin, lines }
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

/// The outcome of a run that printed `stdout`, said nothing and succeeded.
pub(crate) fn success(stdout: impl Into<String>) -> Outcome {
    Outcome { status: Some(0), stdout: stdout.into(), stderr: String::new() }
}

/// The outcome of a run that printed `stdout` and one message, and exited with `status`.
pub(crate) fn failure(status: i32, stdout: &str, message: &str) -> Outcome {
    let stderr = format!("wamr-fold-translate: {message}\n");
    Outcome { status: Some(status), stdout: stdout.to_owned(), stderr }
}

/// A running program in a live pipe.
pub(crate) struct Live {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Live {
    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The next line that comes out, which it must do soon.
    pub(crate) fn read(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(20)).expect("a line comes out")
    }

    /// Whether no line has come out after a while.
    pub(crate) fn is_silent(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(300)).is_err()
    }

    /// Ends the input, and returns the lines that come out then.
    pub(crate) fn finish(mut self) -> Vec<String> {
        drop(self.stdin.take());
        let lines = self.lines.iter().collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

/// A module that imports one function, and then defines `run`, `sum` and `inc`: N is 0, 1 and 2.
pub(crate) fn app() -> Vec<u8> {
    wat(r#"(module (import "env" "log" (func $log)) (func $run) (func $sum) (func $inc))"#)
}

/// The same module, loaded as `app`.
pub(crate) fn app_modules() -> Modules {
    let mut modules = Modules::default();
    let wasm = Wasm::read(app().as_slice()).unwrap();
    modules.add(Module::new(Some(b"app".to_vec()), "app.wasm", wasm)).unwrap();
    modules
}

pub(crate) fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A folded stack that calls each of the frames, with count 1.
pub(crate) fn stack(frames: &[&str]) -> String {
    let mut line = "main".to_owned();
    for frame in frames {
        write!(line, ";{frame}").unwrap();
    }
    line + " 1\n"
}

/// Where the recordings are.
pub(crate) fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}
