//! What somebody is told.

use musubi_kernel::codes;

codes! {
    /// What somebody is told (seed 003: `notification_type`).
    NotificationKind {
        /// "Your booking has arrived, and waits for the store's word."
        BookingReceived = "booking_received",
        /// "Your booking is agreed."
        BookingConfirmed = "booking_confirmed",
        /// "Your booking was called off."
        BookingCancelled = "booking_cancelled",
        /// "Your booking is soon."
        Reminder = "reminder",
        /// "Your booking was changed: this is how it is now. Say so if it does not suit you."
        ChangeRequest = "change_request",
        /// What the store offers; only to who has agreed to hear of it.
        Promotional = "promotional",
    }
}

impl NotificationKind {
    /// Whether it is about a booking.
    pub const fn is_about_a_booking(self) -> bool {
        !matches!(self, Self::Promotional)
    }

    /// Whether it tells what has become of a booking, so that who booked must know it.
    pub const fn tells_a_change(self) -> bool {
        matches!(self, Self::BookingReceived | Self::BookingConfirmed | Self::BookingCancelled | Self::ChangeRequest)
    }
}
