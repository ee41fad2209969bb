//! By which ways customers are told.

use crate::notifications::Means;
use crate::notifications::reports::SmsReports;
use crate::notifications::ways::Ways;
use clap::Args;
use musubi_kernel::clock::Clock;
use musubi_kernel::secret::Secret;
use musubi_line::Line;
use musubi_mail::notice::Notices;
use musubi_mail::settings::{PublicUrl, Sender, SmtpServer, Way};
use musubi_notification::facts::{BookingLinks, Links, Unsubscribe, UnsubscribeLinks};
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::reach::Reach;
use musubi_outgoing::{Outgoing, Url};
use musubi_settings::{NotStarting, secret};
use musubi_sms::Sms;
use musubi_sms::account::{Account, From};
use musubi_sql::SqlStore;
use std::sync::Arc;

/// By which ways customers are told, besides e-mail. After parsing, [`WaySettings::complete`] reads the secret and checks the
/// rest.
#[derive(Debug, Clone, Args)]
pub struct WaySettings {
    /// Address of the front end, at which links in messages begin; without it customers are sent no links to their bookings
    #[arg(long, env = "MUSUBI_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Address of the API as mail programs reach it, such as `https://api.example.jp`: there they take customers off the list of those who
    /// hear of offers, with one click; without it mails name the page under --public-url for that
    #[arg(long, env = "MUSUBI_API_URL", value_name = "URL", value_parser = secure)]
    pub api_url: Option<Url>,

    /// Where LINE's Messaging API is
    #[arg(long, env = "MUSUBI_LINE_URL", default_value = musubi_line::BASE_URL, value_name = "URL", value_parser = base)]
    pub line_url: Url,

    /// Where the service for text messages is: Twilio, or one that speaks as it does
    #[arg(long, env = "MUSUBI_SMS_URL", default_value = musubi_sms::BASE_URL, value_name = "URL", value_parser = base)]
    pub sms_url: Url,

    /// Account at that service, such as `AC…`; without it no text messages are sent. Needs `MUSUBI_SMS_PASSWORD` and --sms-from
    #[arg(long, env = "MUSUBI_SMS_ACCOUNT", value_name = "ID")]
    pub sms_account: Option<String>,

    /// Who asks there: an API key, such as `SK…`; by default the account itself
    #[arg(long, env = "MUSUBI_SMS_USER", value_name = "ID")]
    pub sms_user: Option<String>,

    /// From whom text messages are: a number such as +815012345678, a short code, a name, or a messaging service (`MG…`)
    #[arg(long, env = "MUSUBI_SMS_FROM", value_name = "SENDER")]
    pub sms_from: Option<From>,

    /// Address of the API as that service sees it, such as `https://api.example.jp`: there it tells what became of text messages. With
    /// --sms-user it needs `MUSUBI_SMS_TOKEN`
    #[arg(long, env = "MUSUBI_SMS_REPORT_URL", value_name = "URL", value_parser = base)]
    pub sms_report_url: Option<Url>,

    /// `MUSUBI_SMS_PASSWORD`.
    #[arg(skip)]
    pub sms_password: Option<Secret>,

    /// `MUSUBI_SMS_TOKEN`.
    #[arg(skip)]
    pub sms_token: Option<Secret>,
}

impl WaySettings {
    /// Reads what the environment alone may hold, and checks what was given.
    pub fn complete(&mut self) -> Result<(), NotStarting> {
        self.sms_password = secret("MUSUBI_SMS_PASSWORD")?;
        self.sms_token = secret("MUSUBI_SMS_TOKEN")?;
        self.check()
    }

    fn check(&self) -> Result<(), NotStarting> {
        let missing = match (&self.sms_account, &self.sms_password, &self.sms_from) {
            (None, ..) | (Some(_), Some(_), Some(_)) => return self.check_reports(),
            (Some(_), None, _) => "MUSUBI_SMS_PASSWORD: the account's token, or the API key's secret",
            (Some(_), _, None) => "--sms-from, such as +815012345678",
        };
        Err(NotStarting::Wrong(format!("--sms-account needs {missing}")))
    }

    fn check_reports(&self) -> Result<(), NotStarting> {
        let wrong = |line: &str| Err(NotStarting::Wrong(line.to_owned()));
        match (&self.sms_report_url, &self.sms_account, &self.sms_user, &self.sms_token) {
            (Some(_), None, ..) => wrong("--sms-report-url needs --sms-account, whose messages are reported"),
            (Some(_), Some(_), Some(_), None) => wrong(
                "--sms-report-url with --sms-user needs MUSUBI_SMS_TOKEN: the account's token, by which reports are signed",
            ),
            _ => Ok(()),
        }
    }

    /// Where it is told what became of text messages, if anywhere.
    pub fn sms_reports(&self) -> Option<SmsReports> {
        self.account()?;
        let token = self.sms_token.clone().or_else(|| self.sms_password.clone())?;
        Some(SmsReports::new(self.sms_report_url.clone()?, token))
    }

    fn account(&self) -> Option<Account> {
        let (sid, password, from) = (self.sms_account.clone()?, self.sms_password.clone()?, self.sms_from.clone()?);
        let user = self.sms_user.clone().unwrap_or_else(|| sid.clone());
        Some(Account { base: self.sms_url.clone(), sid, user, password, from })
    }

    /// The ways of an installation whose mail goes out so.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn means(&self, stores: SqlStore, clock: &Arc<dyn Clock>, way: Way, from: Sender) -> Result<Means, String> {
        let outgoing = |limits| Outgoing::new(Reach::anywhere(), limits, Breaking::default(), Arc::clone(clock));
        let line = outgoing(Limits::default()).map(|http| Line::new(Arc::new(http), self.line_url.clone()));
        let line = line.map_err(|error| {
            tracing::warn!("LINE cannot be called: {error}");
            format!("LINE cannot be called: {error}")
        });
        let texts = match self.account() {
            Some(account) => {
                let http = outgoing(musubi_sms::LIMITS).map_err(|error| format!("--sms-url: {error}"))?;
                Some(Sms::new(Arc::new(http), account))
            }
            None => None,
        };
        let mail = Notices::new(way, from).map_err(|error| error.to_string())?;
        let texts_there = texts.is_some();
        let channels = Arc::new(Ways::new(stores, line, mail, texts, self.sms_reports()));
        let unsubscribe = unsubscribing(self.public_url.clone(), self.api_url.clone());
        Ok(Means { channels, texts: texts_there, links: self.public_url.clone().map(links), unsubscribe })
    }
}

/// The pages of bookings at a front end. The token is in the fragment, as in every other link.
fn links(front_end: PublicUrl) -> Links {
    Arc::new(move |token| BookingLinks {
        page: front_end.link("booking", token.expose()),
        calendar: front_end.link("booking/calendar", token.expose()),
        cancel: front_end.link("booking/cancel", token.expose()),
    })
}

/// Where somebody takes back that they agreed to hear of offers. A mail program sends no fragment, so the address for it has the
/// token in its path.
fn unsubscribing(front_end: Option<PublicUrl>, api: Option<Url>) -> UnsubscribeLinks {
    Arc::new(move |token| Unsubscribe {
        page: front_end.as_ref().map(|front_end| front_end.link("unsubscribe", token.expose())),
        one_click: api
            .as_ref()
            .map(|api| format!("{}/v1/public/consents/{}", api.as_str().trim_end_matches('/'), token.expose())),
    })
}

/// The mail server of `MUSUBI_SMTP_URL`, if it names one.
pub fn mail_server() -> Result<Option<SmtpServer>, NotStarting> {
    smtp(secret("MUSUBI_SMTP_URL")?.as_ref())
}

/// The mail server of this address.
pub fn smtp(address: Option<&Secret>) -> Result<Option<SmtpServer>, NotStarting> {
    let server = address.map(SmtpServer::parse).transpose();
    server.map_err(|wrong| NotStarting::Wrong(format!("MUSUBI_SMTP_URL {wrong}")))
}

/// RFC 8058 allows no other.
fn secure(text: &str) -> Result<Url, &'static str> {
    let url = base(text)?;
    if url.scheme() == "https" { Ok(url) } else { Err("must be an https address") }
}

fn base(text: &str) -> Result<Url, &'static str> {
    const WRONG: &str = "must be an http or https address without query, fragment and password";
    let url: Url = text.trim().parse().map_err(|_| WRONG)?;
    let is_bare =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if is_bare && matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        ways: WaySettings,
    }

    fn read(arguments: &[&str]) -> Result<WaySettings, String> {
        let program =
            Program::try_parse_from(["program"].iter().chain(arguments)).map_err(|error| error.to_string())?;
        Ok(program.ways)
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let ways = read(&[]).unwrap();
        assert_eq!(ways.line_url.as_str(), "https://api.line.me/");
        assert_eq!((ways.check(), ways.account().is_none()), (Ok(()), true));
    }

    #[test]
    fn an_account_needs_a_password_and_a_sender() {
        let mut ways = read(&["--sms-account", "AC1"]).unwrap();
        let Err(NotStarting::Wrong(line)) = ways.check() else { panic!("refused") };
        assert!(line.starts_with("--sms-account needs MUSUBI_SMS_PASSWORD"), "{line}");
        ways.sms_password = Some(Secret::new("token"));
        let Err(NotStarting::Wrong(line)) = ways.check() else { panic!("refused") };
        assert!(line.starts_with("--sms-account needs --sms-from"), "{line}");
        ways.sms_from = "+815012345678".parse().ok();
        assert_eq!(ways.check(), Ok(()));
        assert_eq!(ways.account().map(|account| account.user), Some("AC1".to_owned()));
    }

    #[test]
    fn reports_are_known_by_the_accounts_token() {
        let complete = |arguments: &[&str]| {
            let mut ways = read(arguments).unwrap();
            ways.sms_password = Some(Secret::new("password"));
            ways
        };
        let account = ["--sms-account", "AC1", "--sms-from", "MUSUBI"];
        let reports = ["--sms-report-url", "https://api.example.jp/"];
        assert!(complete(&account).sms_reports().is_none());
        let Err(NotStarting::Wrong(line)) = complete(&reports).check_reports() else { panic!("refused") };
        assert!(line.starts_with("--sms-report-url needs --sms-account"), "{line}");
        let ways = complete(&[&account[..], &reports].concat());
        assert_eq!(ways.check(), Ok(()));
        let store = musubi_kernel::id::StoreId("019c3f2a-5b00-7000-8000-000000000001".parse().unwrap());
        let address = "https://api.example.jp/v1/carriers/sms/019c3f2a-5b00-7000-8000-000000000001";
        assert_eq!(ways.sms_reports().map(|reports| reports.address(store)).as_deref(), Some(address));
        let mut by_key = complete(&[&account[..], &reports, &["--sms-user", "SK1"]].concat());
        let Err(NotStarting::Wrong(line)) = by_key.check() else { panic!("refused") };
        assert!(line.contains("MUSUBI_SMS_TOKEN"), "{line}");
        by_key.sms_token = Some(Secret::new("token"));
        assert_eq!((by_key.check(), by_key.sms_reports().is_some()), (Ok(()), true));
    }

    #[test]
    fn who_takes_their_consent_back_is_led_to_a_page_and_mail_programs_to_the_api() {
        let token = Secret::new("t0ken");
        let links = |front_end: Option<&str>, api: Option<&str>| {
            let front_end = front_end.map(|url| url.parse().unwrap());
            unsubscribing(front_end, api.map(|url| secure(url).unwrap()))(&token)
        };
        assert_eq!(links(None, None), Unsubscribe::default());
        let both = links(Some("https://example.jp/app/"), Some("https://api.example.jp/m/"));
        assert_eq!(both.page.as_deref(), Some("https://example.jp/app/unsubscribe#token=t0ken"));
        assert_eq!(both.one_click.as_deref(), Some("https://api.example.jp/m/v1/public/consents/t0ken"));
        assert!(read(&["--api-url", "http://api.example.jp"]).is_err());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["api.line.me", "ftp://api.line.me", "https://a:b@api.line.me", "https://api.line.me?x"] {
            assert!(read(&["--line-url", url]).is_err(), "{url}");
        }
        assert!(read(&["--line-url", "http://127.0.0.1:8099/line"]).is_ok());
    }
}
