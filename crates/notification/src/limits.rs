//! How long a message may be, in UTF-16 code units, as LINE and telephones count.

use crate::channel::Channel;

/// Of a subject.
pub(crate) const SUBJECT: usize = 255;
/// Of the HTML of an e-mail.
pub(crate) const HTML: usize = 200_000;

/// Of a text: of LINE what its interface takes, of a text message ten parts of 67 less what they say of themselves.
pub(crate) const fn text(channel: Channel) -> usize {
    match channel {
        Channel::Line => 5_000,
        Channel::Sms => 660,
        Channel::Email | Channel::InApp => 50_000,
    }
}

/// The length of a text.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
