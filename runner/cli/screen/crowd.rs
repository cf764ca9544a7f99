//! How events read while several recipes are built: one line a recipe, or each with its name. Pure.

use zwieback_model::amount::{counted, seconds};
use zwieback_model::event::{Event, Fate, Settled};
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;

use super::sentence;
use super::volume::Volume;

/// A line: what it means, its verb and the rest.
pub type Line = (Tone, &'static str, String);

/// The line of an event, if it has one at this volume.
pub fn line(recipe: Option<&Name>, event: &Event, volume: Volume) -> Option<Line> {
    match event {
        Event::Scheduled { recipes, runs } => {
            let text = format!(
                "{}, at most {} at a time",
                counted(*recipes, "recipe"),
                counted(*runs, "run")
            );
            Some((Tone::Good, "Building", text))
        }
        Event::GaveUp { recipe, message } => {
            Some((Tone::Bad, "Failed", format!("{recipe}: {message}")))
        }
        Event::Settled { recipes, wall_ms } => {
            let text = format!("{}, in {}", settled(recipes), seconds(*wall_ms));
            Some((meaning(recipes), "Finished", text))
        }
        Event::Finished { reused: true, .. } if volume < Volume::Verbose => None,
        Event::Finished { .. } => told(None, event),
        Event::Fetched { .. } => told(recipe, event),
        _ if volume == Volume::Verbose => told(recipe, event),
        _ => None,
    }
}

/// The sentence that a single recipe would have, and whose it is.
fn told(recipe: Option<&Name>, event: &Event) -> Option<Line> {
    let (verb, rest) = sentence::of(event)?;
    let rest = match recipe {
        Some(recipe) if !matches!(event, Event::Planned { .. }) => format!("{recipe}: {rest}"),
        _ => rest,
    };
    Some((Tone::Good, verb, rest))
}

fn settled(recipes: &[Settled]) -> String {
    let count = |is: fn(&Fate) -> bool| recipes.iter().filter(|recipe| is(&recipe.fate)).count();
    let parts = [
        (count(|it| *it == Fate::Built), "built"),
        (count(|it| *it == Fate::Found), "found in the store"),
        (count(|it| *it == Fate::Failed), "failed"),
        (count(|it| matches!(it, Fate::Skipped { .. })), "not begun"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let all = counted(recipes.len(), "recipe");
    if parts.is_empty() {
        return all;
    }
    format!("{all}: {}", parts.join(", "))
}

fn meaning(recipes: &[Settled]) -> Tone {
    let is_whole = |it: &Settled| matches!(it.fate, Fate::Built | Fate::Found);
    if recipes.iter().all(is_whole) {
        Tone::Good
    } else {
        Tone::Bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_line_counts_every_fate() {
        let fates = [
            Fate::Built,
            Fate::Built,
            Fate::Found,
            Fate::Failed,
            Fate::Skipped { needs: None },
        ];
        let recipes = fates.map(|fate| Settled {
            recipe: name("a"),
            fate,
            path: None,
        });
        let event = Event::Settled {
            recipes: recipes.into(),
            wall_ms: 1500,
        };
        let (meaning, verb, text) = line(None, &event, Volume::Normal).unwrap();
        assert_eq!((meaning, verb), (Tone::Bad, "Finished"));
        assert_eq!(
            text,
            "5 recipes: 2 built, 1 found in the store, 1 failed, 1 not begun, in 1.5s"
        );
    }

    #[test]
    fn a_line_says_whose_it_is() {
        let event = Event::Compared {
            files: 1,
            differing: 0,
        };
        let zlib = name("zlib");
        assert_eq!(line(Some(&zlib), &event, Volume::Normal), None);
        let (_, _, text) = line(Some(&zlib), &event, Volume::Verbose).unwrap();
        assert_eq!(text, "zlib: 1 file, 1 identical");
    }
}
