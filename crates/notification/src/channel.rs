//! By which way somebody is told, and where they are there.

use musubi_kernel::codes;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::UserId;
use std::fmt;

codes! {
    /// By which way somebody is told (seed 003: `channel`, and the list in the application).
    Channel {
        /// A message on LINE.
        Line = "line",
        /// An e-mail.
        Email = "email",
        /// A text message to a mobile telephone.
        Sms = "sms",
        /// An entry of the person's own list, which they see when they look.
        InApp = "in_app",
    }
}

impl Channel {
    /// Those that go out and make a noise, in the order in which they are tried where a store says nothing.
    pub const OUTWARD: [Self; 3] = [Self::Line, Self::Email, Self::Sms];

    /// Whether it goes out and makes a noise, and so keeps quiet hours and a store's rate.
    pub const fn is_outward(self) -> bool {
        !matches!(self, Self::InApp)
    }

    /// Whether a message has a subject there: a title in the person's own list.
    pub const fn has_subject(self) -> bool {
        matches!(self, Self::Email | Self::InApp)
    }
}

/// Where somebody is told. Sealed where it is stored; its debug form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A user id on LINE, as the store's channel knows them.
    Line(String),
    /// An address for e-mail.
    Email(EmailAddress),
    /// A telephone number after E.164.
    Sms(String),
    /// A person who signs in.
    InApp(UserId),
}

impl Recipient {
    /// By which way.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Line(_) => Channel::Line,
            Self::Email(_) => Channel::Email,
            Self::Sms(_) => Channel::Sms,
            Self::InApp(_) => Channel::InApp,
        }
    }

    /// As it is stored.
    pub fn text(&self) -> String {
        match self {
            Self::Line(id) | Self::Sms(id) => id.clone(),
            Self::Email(address) => address.as_str().to_owned(),
            Self::InApp(user) => user.to_string(),
        }
    }

    /// From what is stored; `None`: the text is none of this channel.
    pub fn read(channel: Channel, text: &str) -> Option<Self> {
        match channel {
            Channel::Line => Some(Self::Line(text.to_owned())),
            Channel::Email => text.parse().ok().map(Self::Email),
            Channel::Sms => Some(Self::Sms(text.to_owned())),
            Channel::InApp => text.parse().ok().map(Self::InApp),
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.channel().code())
    }
}

/// Where a customer can be told now: only by ways that the store has set up.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// User id on LINE, of who has not blocked the store there.
    pub line: Option<String>,
    /// Address for e-mail.
    pub email: Option<EmailAddress>,
    /// Telephone number after E.164 that takes text messages.
    pub sms: Option<String>,
    /// The person who signs in and is this customer.
    pub user: Option<UserId>,
}

impl Addresses {
    /// Where they are on a channel.
    pub fn on(&self, channel: Channel) -> Option<Recipient> {
        match channel {
            Channel::Line => self.line.clone().map(Recipient::Line),
            Channel::Email => self.email.clone().map(Recipient::Email),
            Channel::Sms => self.sms.clone().map(Recipient::Sms),
            Channel::InApp => self.user.map(Recipient::InApp),
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(Channel::ALL.iter().filter_map(|channel| self.on(*channel))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn recipients_come_back_from_storage_and_do_not_show() {
        let addresses = Addresses {
            line: Some("U4af4980629".into()),
            email: Some("hanako@example.jp".parse().unwrap()),
            sms: Some("+819012345678".into()),
            user: Some(Uuid::from_u128(7).into()),
        };
        for channel in Channel::ALL {
            let recipient = addresses.on(*channel).unwrap();
            assert_eq!(recipient.channel(), *channel);
            assert_eq!(Recipient::read(*channel, &recipient.text()), Some(recipient));
            assert_eq!(Addresses::default().on(*channel), None);
        }
        assert_eq!(format!("{addresses:?}"), "[line(…), email(…), sms(…), in_app(…)]");
        assert_eq!(Recipient::read(Channel::Email, "nobody"), None);
        assert_eq!(Recipient::read(Channel::InApp, "nobody"), None);
    }
}
