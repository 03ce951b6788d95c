//! Points of a transaction that the session goes back to: those of savepoints, and of blocks that handle their errors.

use crate::db::Savepoint;
use crate::model::NotificationsMark;
use crate::session::portals::PortalMark;
use crate::session::session::Session;
use crate::session::settings::SettingsMark;
use crate::session::transaction::OpenTransaction;

/// A point of a transaction, with what the session has besides the data.
#[derive(Clone)]
pub(super) struct TransactionMark {
    pub savepoint: Savepoint,
    settings: SettingsMark,
    portals: PortalMark,
    notifications: NotificationsMark,
}

impl Session {
    /// The present point of the transaction that is open; `None` where none is.
    pub(super) fn mark(&self) -> Option<TransactionMark> {
        let savepoint = match &self.open {
            OpenTransaction::None => return None,
            OpenTransaction::Implicit(transaction) => transaction.savepoint(),
            OpenTransaction::Block(block) => block.transaction.savepoint(),
        };
        let (settings, portals) = (self.settings.mark(), self.portals.mark());
        Some(TransactionMark { savepoint, settings, portals, notifications: self.listening.mark() })
    }

    /// Takes everything back that was done since a point of the transaction that is open, after which it goes on.
    pub(super) fn go_back(&mut self, mark: &TransactionMark) {
        if let Some(transaction) = self.open_transaction() {
            transaction.rollback_to(&mark.savepoint);
        }
        self.settings.go_back(&mark.settings);
        self.portals.close_since(mark.portals);
        self.listening.go_back(mark.notifications);
    }
}
