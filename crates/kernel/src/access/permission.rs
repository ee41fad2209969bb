//! What a caller may be allowed to do.

crate::codes! {
    /// Something that a caller may be allowed to do. Keys name theirs; [`super::Role`] says which ones people have who
    /// work at a store.
    Permission {
        /// Read the tenant.
        TenantRead = "tenant.read",
        /// Change the tenant, open stores.
        TenantWrite = "tenant.write",
        /// Decide which systems hear of what happens in all of the tenant's stores. Whoever has it can have every event told to
        /// themselves, bookings and customers included.
        WebhookManage = "webhook.manage",
        /// Read stores, resources, menus and the calendar.
        CatalogRead = "catalog.read",
        /// Change stores, resources, menus and the calendar.
        CatalogWrite = "catalog.write",
        /// Read customers. Without `customer.contact`, how to reach them is masked.
        CustomerRead = "customer.read",
        /// Read how customers can be reached: telephone numbers, e-mail and postal addresses. Such reads are audited.
        CustomerContact = "customer.contact",
        /// Change customers.
        CustomerWrite = "customer.write",
        /// Send offers to the customers who agreed to hear of them, and call them off.
        PromotionSend = "promotion.send",
        /// Read bookings and slots.
        BookingRead = "booking.read",
        /// Hold, book, change, cancel.
        BookingWrite = "booking.write",
        /// Read and change bookings that hold the resource which the caller is: of staff with a linked resource.
        BookingOwn = "booking.own",
        /// Read who works at a store.
        StaffRead = "staff.read",
        /// Invite people to work at a store, change what they may do, let them go.
        StaffWrite = "staff.write",
        /// Read the audit log.
        AuditRead = "audit.read",
        /// Make and revoke API keys.
        KeyManage = "key.manage",
    }
}
