use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn url(text: &str) -> Url {
    text.parse().expect("an address")
}

#[test]
fn the_first_and_last_of_each_special_network_are_not_public_and_their_neighbours_are() {
    for (first, last) in [
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
    ] {
        let number = |text: &str| u32::from(text.parse::<Ipv4Addr>().expect("an address"));
        let public = |number: u32| is_public(IpAddr::V4(Ipv4Addr::from(number)));
        assert!(!public(number(first)) && !public(number(last)), "{first}-{last}");
        assert!(public(number(first) - 1) && public(number(last) + 1), "beside {first}-{last}");
    }
    assert!(!is_public(address("0.255.255.255")) && is_public(address("1.0.0.0")));
    assert!(is_public(address("223.255.255.255")) && !is_public(address("224.0.0.0")));
    assert!(!is_public(address("255.255.255.255")) && !is_public(address("239.255.255.255")));
}

#[test]
fn special_ipv6_addresses_are_not_public() {
    for special in [
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address(special)), "{special}");
    }
    for public in ["2001:200::1", "2001:4860:4860::8888", "2400::1", "2606:4700::1111", "2a00::1", "3fff:1000::1"] {
        assert!(is_public(address(public)), "{public}");
    }
}

#[test]
fn addresses_are_judged_before_a_look_up() {
    use Forbidden::*;
    let own = Reach::public().allowing(&["10.1.0.0/16".parse().expect("a network")]);
    for (text, public, allowing) in [
        ("https://example.jp/hooks?a=b", Ok(()), Ok(())),
        ("https://example.jp.:443/", Ok(()), Ok(())),
        ("https://日本.example/", Ok(()), Ok(())),
        ("http://example.jp/", Err(Scheme), Ok(())),
        ("ftp://example.jp/", Err(Address), Err(Address)),
        ("file:///etc/passwd", Err(Address), Err(Address)),
        ("unix:/run/x.sock", Err(Address), Err(Address)),
        ("https://user@example.jp/", Err(Credentials), Err(Credentials)),
        ("https://:secret@example.jp/", Err(Credentials), Err(Credentials)),
        ("https://example.jp:8443/", Err(Port), Ok(())),
        ("https://example.jp:22/", Err(Port), Ok(())),
        ("https://8.8.8.8/", Err(Literal), Err(Literal)),
        ("https://10.1.2.3:8443/", Err(Literal), Ok(())),
        ("http://10.1.2.3/", Err(Literal), Ok(())),
        ("https://10.2.2.3/", Err(Literal), Err(Literal)),
        // Each is 127.0.0.1, and 10.1.2.3.
        ("https://2130706433/", Err(Literal), Err(Literal)),
        ("https://0x7f.1/", Err(Literal), Err(Literal)),
        ("https://0177.0.0.1/", Err(Literal), Err(Literal)),
        ("https://①②⑦.0.0.1/", Err(Literal), Err(Literal)),
        ("https://0xa.0x010203/", Err(Literal), Ok(())),
        ("https://[::1]/", Err(Literal), Err(Literal)),
        ("https://[::ffff:10.1.2.3]/", Err(Literal), Err(Literal)),
        ("https://localhost/", Err(LocalName), Ok(())),
        ("https://LOCALHOST./", Err(LocalName), Ok(())),
        ("https://db.internal/", Err(LocalName), Ok(())),
        ("https://a.localhost/", Err(LocalName), Ok(())),
        ("https://printer.local/", Err(LocalName), Ok(())),
        ("https://router.home.arpa/", Err(LocalName), Ok(())),
        ("https://intranet/", Err(LocalName), Ok(())),
        ("https://notlocal.example/", Ok(()), Ok(())),
        ("https://thelocalhost.jp/", Ok(()), Ok(())),
    ] {
        assert_eq!(Reach::public().check(&url(text)), public, "{text}");
        assert_eq!(own.check(&url(text)), allowing, "{text}, with a network of one's own");
    }
    assert_eq!(Reach::anywhere().check(&url("http://127.0.0.1:8080/")), Ok(()));
    assert_eq!(Reach::anywhere().check(&url("ftp://127.0.0.1/")), Err(Address));
    assert_eq!(Reach::public().with_ports(&[443, 8443]).check(&url("https://example.jp:8443/")), Ok(()));
}

#[test]
fn a_name_leads_to_those_of_its_addresses_that_may_be_called() {
    let own = Reach::public().allowing(&["10.1.0.0/16".parse().expect("a network")]);
    let public = Reach::public();
    let found: Vec<_> = ["10.1.2.3", "192.168.0.1", "8.8.8.8", "::1"].map(address).into();
    let at = |text: &str, port| SocketAddr::new(address(text), port);
    assert_eq!(public.admitted(true, 443, &found), Ok(vec![at("8.8.8.8", 443)]));
    assert_eq!(own.admitted(true, 443, &found), Ok(vec![at("10.1.2.3", 443), at("8.8.8.8", 443)]));
    assert_eq!(own.admitted(false, 8080, &found), Ok(vec![at("10.1.2.3", 8080)]));
    assert_eq!(public.admitted(true, 443, &found[..2]), Err(Forbidden::Private));
    assert_eq!(public.admitted(false, 443, &found[2..]), Err(Forbidden::Scheme));
    assert_eq!(public.admitted(true, 22, &found[2..]), Err(Forbidden::Port));
    assert_eq!(public.admitted(true, 443, &[]), Err(Forbidden::Private));
    assert_eq!(Reach::anywhere().admitted(false, 1, &found).map(|open| open.len()), Ok(4));
}

/// The same networks once more, as ranges of numbers.
fn public_by_ranges(number: u32) -> bool {
    let [a, b, c, _] = number.to_be_bytes();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn networks_are_those_of_the_registry(
        number in prop_oneof![any::<u32>(), (0u32..=255, any::<u16>()).prop_map(|(a, rest)| {
            // The second octet near those where networks begin and end.
            (a << 24) | (u32::from(rest) << 8)
        })],
    ) {
        prop_assert_eq!(is_public(IpAddr::V4(Ipv4Addr::from(number))), public_by_ranges(number));
    }

    #[test]
    fn no_ipv6_form_of_an_ipv4_address_is_public(number in any::<u32>(), port in any::<u16>()) {
        let octets = Ipv4Addr::from(number);
        let (high, low) = ((number >> 16) as u16, (number & 0xffff) as u16);
        for form in [
            octets.to_ipv6_mapped(),
            octets.to_ipv6_compatible(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, high, low, 0, 0, 0),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
            // ISATAP at a link (RFC 5214).
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5efe, high, low),
        ] {
            prop_assert!(!is_public(IpAddr::V6(form)), "{}", form);
            prop_assert!(Reach::public().admitted(true, port, &[IpAddr::V6(form)]).is_err());
        }
    }
}
