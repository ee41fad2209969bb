//! The closed sets that booking speaks in. Their codes are those of the API and of the database.

use musubi_kernel::codes;

codes! {
    /// By which way a booking came.
    Source {
        /// The store's LINE mini-app.
        Line = "line",
        /// A telephone call that staff wrote down.
        Phone = "phone",
        /// Somebody came in.
        WalkIn = "walk_in",
        /// A web page.
        Web = "web",
        /// Staff on their own account.
        Staff = "staff",
    }
}

impl Source {
    /// Whether customers book this way themselves, under the rules for them.
    pub const fn is_customer_facing(self) -> bool {
        matches!(self, Self::Line | Self::Web)
    }
}

codes! {
    /// How parties share what they use.
    ServiceKind {
        /// One party at a time.
        Individual = "individual",
        /// A class: parties share the resource.
        Group = "group",
        /// A series of classes: parties share the resource.
        Course = "course",
        /// A member's regular appointment: one party at a time.
        Subscription = "subscription",
    }
}

impl ServiceKind {
    /// Whether parties share a resource.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Group | Self::Course)
    }
}

codes! {
    /// What kind of thing is booked.
    ResourceKind {
        /// Somebody who works.
        Staff = "staff",
        /// A room.
        Room = "room",
        /// A machine, a chair, a bed.
        Equipment = "equipment",
        /// A vehicle.
        Vehicle = "vehicle",
    }
}

codes! {
    /// A customer's rank.
    Rank {
        /// Never been here.
        New = "new",
        /// A customer like most.
        Regular = "regular",
        /// A good customer.
        Vip = "vip",
        /// The best.
        Premium = "premium",
    }
}

codes! {
    /// A customer's gender, as far as the store knows it.
    Gender {
        /// Male.
        Male = "male",
        /// Female.
        Female = "female",
        /// Neither.
        Other = "other",
    }
}

codes! {
    /// Whether bookings are confirmed at once.
    BookingMode {
        /// A booking is confirmed when it is made.
        Auto = "auto",
        /// A booking waits for the store's word.
        Manual = "manual",
    }
}

codes! {
    /// A day of a price rule.
    DayName {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
        /// A national holiday, whatever its weekday.
        Holiday = "holiday",
    }
}

impl DayName {
    /// Whether a date of this weekday, a national holiday or not, is such a day.
    pub fn is(self, weekday: chrono::Weekday, national_holiday: bool) -> bool {
        match self {
            Self::Holiday => national_holiday,
            day => day as u32 == weekday.num_days_from_monday(),
        }
    }
}
