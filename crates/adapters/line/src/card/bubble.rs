//! How a card lies in its bubble.

use crate::card::colour::Colour;
use crate::message::clipped;
use serde_json::{Value, json};

/// The most of a name, and of what a store has to say.
const NAME: usize = 200;
const NOTE: usize = 1_000;

const LABELS: &str = "#6b7280";
const WRITING: &str = "#111827";

pub(crate) struct Parts<'a> {
    pub(crate) colour: Colour,
    pub(crate) store: &'a str,
    pub(crate) heading: &'a str,
    pub(crate) note: Option<&'a str>,
    pub(crate) rows: &'a [(&'static str, String)],
    pub(crate) buttons: &'a [Value],
}

pub(crate) fn bubble(parts: &Parts<'_>) -> Value {
    let mut body = vec![text(parts.heading, NAME, &json!({"size": "lg", "weight": "bold"}))];
    if let Some(note) = parts.note.filter(|note| !note.trim().is_empty()) {
        body.push(text(note, NOTE, &json!({"size": "sm", "margin": "md"})));
    }
    body.push(json!({"type": "separator", "margin": "lg"}));
    let rows: Vec<_> = parts.rows.iter().map(|(label, value)| row(label, value)).collect();
    body.push(json!({"type": "box", "layout": "vertical", "spacing": "sm", "margin": "lg", "contents": rows}));
    let store = text(parts.store, NAME, &json!({"weight": "bold", "color": parts.colour.writing().text()}));
    let mut bubble = json!({
        "type": "bubble",
        "header": {
            "type": "box",
            "layout": "vertical",
            "backgroundColor": parts.colour.text(),
            "contents": [store],
        },
        "body": {"type": "box", "layout": "vertical", "contents": body},
    });
    if !parts.buttons.is_empty() {
        let buttons: Vec<_> = parts.buttons.iter().enumerate().map(|(at, action)| button(at, action, parts)).collect();
        bubble["footer"] = json!({"type": "box", "layout": "vertical", "spacing": "sm", "contents": buttons});
    }
    bubble
}

fn row(label: &str, value: &str) -> Value {
    let label = json!({"type": "text", "text": label, "size": "sm", "color": LABELS, "flex": 3});
    let value = text(value, NAME, &json!({"size": "sm", "flex": 7}));
    json!({"type": "box", "layout": "horizontal", "spacing": "md", "contents": [label, value]})
}

/// The first button stands out. What is written on a filled one is white, so it keeps to colours that bear that.
fn button(at: usize, action: &Value, parts: &Parts<'_>) -> Value {
    let mut button = json!({"type": "button", "height": "sm", "style": "link", "action": action});
    if at == 0 {
        button["style"] = json!("primary");
        button["color"] = json!(if parts.colour.bears_white() { parts.colour.text() } else { WRITING.to_owned() });
    }
    button
}

/// A text that is wrapped. LINE takes no empty ones.
fn text(words: &str, limit: usize, style: &Value) -> Value {
    let words = if words.trim().is_empty() { "-" } else { words };
    let mut text = json!({"type": "text", "text": clipped(words, limit), "wrap": true, "color": WRITING});
    for (name, value) in style.as_object().into_iter().flatten() {
        text[name] = value.clone();
    }
    text
}
