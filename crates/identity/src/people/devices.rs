//! Where people are signed in.

use super::People;
use super::error::PeopleError;
use super::ports::Which;
use super::scope::PeopleScope;
use crate::session::{EndReason, Session};
use musubi_kernel::access::Caller;
use musubi_kernel::id::SessionId;

/// A session as its person sees it in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The session, with its device and last use.
    pub session: Session,
    /// Whether it is the one by which they ask.
    pub is_this_one: bool,
}

impl People {
    /// A person's live sessions, the oldest first.
    pub async fn sessions(&self, scope: &PeopleScope) -> Result<Vec<Device>, PeopleError> {
        let sessions = self.store.sessions(scope.user(), self.clock.now()).await?;
        let device = |session: Session| Device { is_this_one: scope.session() == Some(session.id), session };
        Ok(sessions.into_iter().map(device).collect())
    }

    /// Ends a session of the person.
    pub async fn revoke_session(&self, caller: &Caller, scope: &PeopleScope, id: SessionId) -> Result<(), PeopleError> {
        match self.end(caller, scope.user(), Which::One(id), EndReason::Revoked).await? {
            0 => Err(PeopleError::NotFound("session")),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of the person, or all but one; how many.
    pub async fn revoke_all(
        &self,
        caller: &Caller,
        scope: &PeopleScope,
        except: Option<SessionId>,
    ) -> Result<u64, PeopleError> {
        let which = except.map_or(Which::All, Which::AllBut);
        self.end(caller, scope.user(), which, EndReason::Revoked).await
    }
}
