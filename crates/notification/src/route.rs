//! By which channel somebody is told, and by which when that one does not work.

use crate::channel::{Addresses, Channel, Recipient};
use crate::kind::NotificationKind;
use crate::preferences::Preferences;
use crate::settings::StoreSettings;

/// Where somebody is told first of the channels that the store uses for this kind: on the first one in its order where
/// they have an address, that they do not decline, and that was not given up. `None`: they cannot be told.
pub fn first(
    kind: NotificationKind,
    settings: &StoreSettings,
    preferences: &Preferences,
    addresses: &Addresses,
    given_up: &[Channel],
) -> Option<Recipient> {
    let open = |channel: &Channel| preferences.take(*channel) && !given_up.contains(channel);
    settings.channels(kind).iter().filter(|channel| open(channel)).find_map(|channel| addresses.on(*channel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Columns;
    use musubi_kernel::id::UserId;
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    fn addresses(line: bool, email: bool, sms: bool) -> Addresses {
        Addresses {
            line: line.then(|| "U1".to_owned()),
            email: email.then(|| "hanako@example.jp".parse().unwrap()),
            sms: sms.then(|| "+819012345678".to_owned()),
            user: Some(UserId(Uuid::nil())),
        }
    }

    proptest! {
        #[test]
        fn it_is_the_first_that_is_open(
            order in proptest::sample::subsequence(Channel::OUTWARD.to_vec(), 1..=3).prop_shuffle(),
            known in any::<[bool; 3]>(),
            declined in any::<[bool; 3]>(),
            given_up in any::<[bool; 3]>(),
        ) {
            let codes: Vec<&str> = order.iter().map(|channel| channel.code()).collect();
            let settings = json!({ "channels": codes });
            let settings = StoreSettings::of(settings.as_object(), Columns::default());
            let among = |flags: [bool; 3]| Channel::OUTWARD.into_iter().filter(move |channel| flags[*channel as usize]);
            let preferences =
                Preferences { declined_channels: among(declined).collect(), ..Preferences::default() };
            let gone: Vec<Channel> = among(given_up).collect();
            let [line, email, sms] = known;
            let found = first(NotificationKind::Reminder, &settings, &preferences, &addresses(line, email, sms), &gone);

            let mut expected = None;
            for channel in order {
                let place = channel as usize;
                if expected.is_none() && known[place] && !declined[place] && !given_up[place] {
                    expected = Some(channel);
                }
            }
            prop_assert_eq!(found.map(|recipient| recipient.channel()), expected);
        }
    }
}
