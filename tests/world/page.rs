//! Pages of commands and what they say: every one is run, and must say what the page says.
//!
//! `[..]` on a page stands for any text within a line, a line `...` for any lines. A block that names
//! a file writes it. A prompt `ada$` is that person's, in a home of their own.
//! `ZWIEBACK_BLESS=1` writes what was said into the page, for a person to review.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::world::World;

/// A part of a page: what is said to the reader, or what is run.
enum Part {
    Prose(String),
    File {
        head: String,
        path: String,
        content: String,
    },
    Commands(Vec<Command>),
}

struct Command {
    /// Whose home it is run in.
    who: String,
    typed: String,
    said: String,
}

/// Runs a page in a world and holds it against what is said.
pub fn check(page: &Path, world: &World) {
    let text = fs::read_to_string(page).unwrap();
    let (mut wanted, mut actual) = (String::new(), String::new());
    for part in parts(&text) {
        match part {
            Part::Prose(line) => both(&mut wanted, &mut actual, &line),
            Part::File {
                head,
                path,
                content,
            } => {
                world.write(&format!("project/{path}"), &content);
                both(&mut wanted, &mut actual, &format!("{head}\n{content}```\n"));
            }
            Part::Commands(commands) => {
                both(&mut wanted, &mut actual, "```console\n");
                for command in commands {
                    let heard = run(world, &command);
                    let Command { who, typed, said } = command;
                    both(&mut wanted, &mut actual, &format!("{who}$ {typed}\n"));
                    wanted.push_str(&said);
                    // What fits stays as it is on the page, with its placeholders.
                    actual.push_str(if fits(&said, &heard) { &said } else { &heard });
                }
                both(&mut wanted, &mut actual, "```\n");
            }
        }
    }
    settle(page, &wanted, &actual);
}

fn both(one: &mut String, other: &mut String, text: &str) {
    one.push_str(text);
    other.push_str(text);
}

fn settle(page: &Path, wanted: &str, actual: &str) {
    if wanted == actual {
        return;
    }
    if std::env::var_os("ZWIEBACK_BLESS").is_some() {
        return fs::write(page, actual).unwrap();
    }
    for (wanted, actual) in wanted.lines().zip(actual.lines()) {
        assert_eq!(
            wanted,
            actual,
            "{} is not what is said; all of it:\n{actual}",
            page.display()
        );
    }
    panic!(
        "{} ends elsewhere; what was said:\n{actual}",
        page.display()
    );
}

/// Runs one line as a reader would type it; both streams come as they would on a terminal.
fn run(world: &World, Command { who, typed, .. }: &Command) -> String {
    let mut shell = match who.as_str() {
        "" => world.command("bash"),
        person => world.command_of(person, "bash"),
    };
    let output = shell
        .args(["-c", &format!("exec 2>&1\n{typed}")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !said.is_empty() && !said.ends_with('\n') {
        said.push('\n');
    }
    let folder = world.path("").display().to_string();
    said = said.replace(&folder, "[..]/");
    match output.status.code() {
        Some(0) => said,
        code => format!("{said}[exit {}]\n", code.unwrap_or(-1)),
    }
}

fn fits(page: &str, said: &str) -> bool {
    let (page, said): (Vec<_>, Vec<_>) = (page.lines().collect(), said.lines().collect());
    lines_fit(&page, &said)
}

fn lines_fit(page: &[&str], said: &[&str]) -> bool {
    match (page.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => {
            (0..=said.len()).any(|skipped| lines_fit(rest, &said[skipped..]))
        }
        (Some((line, page)), Some((heard, said))) => {
            line_fits(line, heard) && lines_fit(page, said)
        }
        _ => false,
    }
}

fn line_fits(page: &str, said: &str) -> bool {
    match page.split_once("[..]") {
        None => page == said,
        Some((head, rest)) => said.strip_prefix(head).is_some_and(|said| {
            let ends = said.char_indices().map(|(at, _)| at).chain([said.len()]);
            ends.into_iter().any(|at| line_fits(rest, &said[at..]))
        }),
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            inside.map(str::to_owned).collect()
        };
        if line == "```console" {
            parts.push(Part::Commands(commands(&block(&mut lines))));
        } else if let Some(path) = named_file(line) {
            let content = block(&mut lines).join("\n") + "\n";
            let (head, path) = (line.to_owned(), path.to_owned());
            parts.push(Part::File {
                head,
                path,
                content,
            });
        } else {
            parts.push(Part::Prose(format!("{line}\n")));
        }
    }
    parts
}

/// The path of a block that is a file: it stands behind the language.
fn named_file(line: &str) -> Option<&str> {
    let (_, path) = line.strip_prefix("```")?.split_once(' ')?;
    Some(path)
}

fn commands(lines: &[String]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in lines {
        match (prompt(line), commands.last_mut()) {
            (Some((who, typed)), _) => commands.push(Command {
                who: who.to_owned(),
                typed: typed.to_owned(),
                said: String::new(),
            }),
            (None, Some(last)) => last.said.push_str(&format!("{line}\n")),
            (None, None) => panic!("a block begins with a command: {line}"),
        }
    }
    commands
}

/// Who types what on a line, if it is one that is typed; without a name it is the world's only user.
fn prompt(line: &str) -> Option<(&str, &str)> {
    let (who, typed) = line.split_once("$ ")?;
    let is_name = who.chars().all(|letter| letter.is_ascii_lowercase());
    is_name.then_some((who, typed))
}
