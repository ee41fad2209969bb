//! Reading and filling in a wording: Jinja's language (`MiniJinja`), in a sandbox.
//!
//! A wording sees its [variables](super::variables) and nothing else, and uses little of the language: conditions, no
//! functions, and of the filters `upper`, `lower`, `title`, `capitalize`, `trim`, `replace`, `default` and `length`. It ends
//! after a certain number of steps, and with it what it can write. A name that is no variable is an error. In HTML
//! everything that is filled in is escaped, and there is no way around that. Lines that hold only a tag leave no trace.

use super::bounds;
use super::variables::Variables;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, filters};
use std::borrow::Cow;

/// How many steps a wording may take; the longest that come with Musubi take some hundred.
const FUEL: u64 = 20_000;
/// The most bytes of what comes of replacing.
const REPLACED: usize = 5_000;

/// In which form a wording is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Plain text.
    Text,
    /// HTML.
    Html,
}

/// What is wrong with a wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub what: String,
    /// Line and column, from 1, where they are known.
    pub place: Option<(usize, usize)>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A wording with its variables filled in.
pub fn render(source: &str, form: Form, variables: &Variables) -> Result<String, Fault> {
    bounds::check(source)?;
    let environment = environment();
    let template = environment.template_from_named_str(name(form), source).map_err(|error| fault(&error, source))?;
    let context = minijinja::Value::from(variables.clone());
    let text = template.render(context).map_err(|error| fault(&error, source))?;
    Ok(text.trim().to_owned())
}

/// The names that a wording looks up and that are not its own, in order; an error when it cannot be read.
pub fn names(source: &str, form: Form) -> Result<Vec<String>, Fault> {
    bounds::check(source)?;
    let environment = environment();
    let template = environment.template_from_named_str(name(form), source).map_err(|error| fault(&error, source))?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Where a word first stands in a tag: line and column, from 1.
pub fn word_in_a_tag(source: &str, word: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(open) = source[from..].find("{{").into_iter().chain(source[from..].find("{%")).min() {
        let start = from + open;
        let inner = &source[start + 2..];
        let length = inner.find("}}").into_iter().chain(inner.find("%}")).min().unwrap_or(inner.len());
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let whole = |at: &usize| {
            let (before, after) = (&inner[..*at], &inner[at + word.len()..length]);
            !before.ends_with(is_part) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        };
        let mut found = inner[..length].match_indices(word).map(|(at, _)| at);
        if let Some(at) = found.find(whole) {
            return Some(line_and_column(source, start + 2 + at));
        }
        from = start + 2 + length;
    }
    None
}

const fn name(form: Form) -> &'static str {
    match form {
        Form::Text => "text",
        Form::Html => "html",
    }
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::empty();
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", replace);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment
}

/// As the filter of that name, for short texts: some of them one after the other would make a very long one.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let length = text.len() + text.matches(from).count() * to.len();
    if length > REPLACED {
        return Err(Error::new(ErrorKind::OutOfFuel, "what is replaced becomes too long"));
    }
    Ok(text.replace(from, to))
}

fn fault(error: &Error, source: &str) -> Fault {
    let code = match error.kind() {
        ErrorKind::OutOfFuel => "template_too_costly",
        ErrorKind::UndefinedError => "unknown_variable",
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            "unknown_function"
        }
        ErrorKind::SyntaxError | ErrorKind::BadEscape => "template_syntax",
        _ => "template_fails",
    };
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => Cow::Borrowed("it takes too many steps"),
        (kind, None) => Cow::Owned(kind.to_string()),
        (kind, Some(detail)) => Cow::Owned(format!("{kind}: {detail}")),
    };
    let place = error.range().map(|range| line_and_column(source, range.start));
    let place = place.or_else(|| error.line().map(|line| (line, 1)));
    Fault { code, what: what.into_owned(), place }
}

pub(super) fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables::from([("name", "<b>O'Neil & 花子</b>".into()), ("size", 2.into()), ("empty", "".into())])
    }

    #[test]
    fn what_is_filled_in_is_escaped_in_html_alone() {
        let source = "{% if size > 1 %}\nDear {{ name }}{{ empty }}\n{% endif %}\n";
        assert_eq!(render(source, Form::Text, &variables()).unwrap(), "Dear <b>O'Neil & 花子</b>");
        let html = render(source, Form::Html, &variables()).unwrap();
        assert_eq!(html, "Dear &lt;b&gt;O&#x27;Neil &amp; 花子&lt;&#x2f;b&gt;");
        for around in ["{{ name|safe }}", "{% autoescape false %}{{ name }}{% endautoescape %}"] {
            let refused = names(around, Form::Html).and_then(|_| render(around, Form::Html, &variables()));
            assert!(refused.is_err(), "{around}");
        }
    }

    #[test]
    fn faults_have_a_place() {
        let longer = "{{ name|replace('花', 'xxxxxxxxxxxxxxxxxxxxxxxx')".to_owned()
            + &"|replace('x', 'xxxxxxxxxxxxxxxxxxxx')".repeat(4)
            + " }}";
        let cases = [
            ("Dear {{ name }}\n  {{ nome }}", "unknown_variable", Some((2, 6))),
            ("様\n様 {{ name|shout }}", "unknown_function", Some((2, 11))),
            ("{{ name.first }}", "unknown_variable", Some((1, 4))),
            ("Dear\n{{ name ", "template_syntax", Some((2, 4))),
            ("{% if name %}\n", "template_syntax", Some((1, 12))),
            ("{% include 'secrets' %}", "template_syntax", Some((1, 4))),
            ("{% import 'x' as x %}", "template_syntax", Some((1, 4))),
            ("{% macro x() %}{% endmacro %}", "template_syntax", Some((1, 4))),
            ("{{ range(10) }}", "unknown_function", Some((1, 4))),
            ("{{ 'x' * 100000000 }}", "template_syntax", Some((1, 8))),
            (&longer, "template_too_costly", Some((1, 87))),
        ];
        let found = cases.map(|(source, ..)| {
            let fault = render(source, Form::Text, &variables()).unwrap_err();
            (source, fault.code, fault.place)
        });
        assert_eq!(found, cases);
    }

    #[test]
    fn names_are_found_with_their_places() {
        let source = "nome {# nome #}{% set own = size %}{{ own }}\n{% if nome.x %}{{ name }}{% endif %}";
        assert_eq!(names(source, Form::Text).unwrap(), ["name", "nome", "size"]);
        for (word, place) in [
            ("nome", Some((2, 7))),
            ("size", Some((1, 29))),
            ("name", Some((2, 19))),
            ("set", Some((1, 19))),
            ("x", None),
        ] {
            assert_eq!(word_in_a_tag(source, word), place, "{word}");
        }
        assert_eq!(word_in_a_tag("{{ 花子", "花子"), Some((1, 4)));
        assert_eq!(word_in_a_tag("{{", "x"), None);
    }
}
