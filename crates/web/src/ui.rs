//! Components: small pieces of markup that every page writes the same way.
//!
//! Invariant: each escapes what it is given, so a template may place it as it is: `{{ ui::tag(colour, text) }}`.

use askama::Template;
use askama::filters::HtmlSafe;
use fiks_core::Timestamp;

use crate::text;

/// Designsystemet's names for what a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Says nothing.
    Neutral,
    /// Under way.
    Info,
    /// Well.
    Success,
    /// Needs someone's attention.
    Warning,
    /// Has failed.
    Danger,
}

impl Colour {
    /// The value of `data-color`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// A short word for a state, in its colour.
pub fn tag(colour: Colour, text: &str) -> Tag<'_> {
    Tag { colour, text }
}

/// See [`tag`].
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="ds-tag" data-color="{{ colour.name() }}">{{ text }}</span>"#
)]
pub struct Tag<'a> {
    colour: Colour,
    text: &'a str,
}

/// A button that copies `value`; `what` is what is announced, as in «Kopier *klient-id*».
pub fn copy_button<'a>(what: &'a str, value: &'a str) -> CopyButton<'a> {
    CopyButton { what, value }
}

/// See [`copy_button`]. Hidden where there is no script.
#[derive(Template)]
#[template(path = "fiks/copy_button.html")]
pub struct CopyButton<'a> {
    what: &'a str,
    value: &'a str,
}

/// A value in fixed width with a button that copies it.
pub fn copyable<'a>(what: &'a str, value: &'a str) -> Copyable<'a> {
    Copyable { what, value }
}

/// See [`copyable`].
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="fiks-copyable"><code>{{ value }}</code>{{ self::copy_button(what, value) }}</span>"#
)]
pub struct Copyable<'a> {
    what: &'a str,
    value: &'a str,
}

/// A block of code with its name and a button that copies all of it.
pub fn code<'a>(caption: &'a str, code: &'a str) -> CodeBlock<'a> {
    CodeBlock { caption, code }
}

/// See [`code`].
#[derive(Template)]
#[template(path = "fiks/code.html")]
pub struct CodeBlock<'a> {
    caption: &'a str,
    code: &'a str,
}

/// A message to the reader. `title` may be empty.
pub fn alert<'a>(colour: Colour, title: &'a str, text: &'a str) -> Alert<'a> {
    Alert { colour, title, text }
}

/// See [`alert`].
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="ds-alert" data-color="{{ colour.name() }}">{% if !title.is_empty() %}<p class="fiks-alert-title">{{ title }}</p>{% endif %}<p class="ds-paragraph">{{ text }}</p></div>"#
)]
pub struct Alert<'a> {
    colour: Colour,
    title: &'a str,
    text: &'a str,
}

/// How far `moment` is from `now`; the script keeps it up to date.
pub fn relative_time(moment: Timestamp, now: Timestamp) -> Time {
    Time {
        moment,
        text: text::relative(moment, now),
        style: "relative",
    }
}

/// A moment as date and time of day: in UTC from us, in the reader's own zone once the script has run.
pub fn local_time(moment: Timestamp) -> Time {
    let text = format!("{moment}").replace('T', " ");
    let text = text.split('.').next().unwrap_or_default();
    Time {
        moment,
        text: format!("{text} UTC"),
        style: "local",
    }
}

/// See [`relative_time`] and [`local_time`].
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ moment }}" data-time="{{ style }}">{{ text }}</time>"#
)]
pub struct Time {
    moment: Timestamp,
    text: String,
    style: &'static str,
}

impl HtmlSafe for Tag<'_> {}
impl HtmlSafe for CopyButton<'_> {}
impl HtmlSafe for Copyable<'_> {}
impl HtmlSafe for CodeBlock<'_> {}
impl HtmlSafe for Alert<'_> {}
impl HtmlSafe for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = r#""><script>alert('x')</script>&"#;

    #[test]
    fn no_component_lets_markup_through() {
        let rendered = [
            tag(Colour::Info, HOSTILE).to_string(),
            copyable(HOSTILE, HOSTILE).to_string(),
            code(HOSTILE, HOSTILE).to_string(),
            alert(Colour::Danger, HOSTILE, HOSTILE).to_string(),
        ];
        for html in rendered {
            assert!(!html.contains("<script>") && !html.contains(r#""">"#), "{html}");
            assert!(html.contains("&#60;script&#62;"), "{html}");
        }
    }

    #[test]
    fn a_component_placed_in_a_component_is_not_escaped_twice() {
        let html = copyable("id", "a").to_string();
        assert!(html.contains("<button") && !html.contains("&#60;"), "{html}");
    }

    #[test]
    fn a_time_can_be_read_by_people_and_by_scripts() {
        let moment = Timestamp::from_millis(1_763_812_800_123);
        assert_eq!(
            local_time(moment).to_string(),
            r#"<time datetime="2025-11-22T12:00:00.123Z" data-time="local">2025-11-22 12:00:00 UTC</time>"#
        );
        assert!(
            relative_time(moment, moment.plus_millis(5_000))
                .to_string()
                .contains("for 5 s siden")
        );
    }

    #[test]
    fn an_alert_without_a_title_has_none() {
        assert!(
            !alert(Colour::Info, "", "x")
                .to_string()
                .contains("fiks-alert-title")
        );
    }
}
