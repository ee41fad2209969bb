-- Keys that could read customers or bookings before how to reach a customer took a permission of its own go on as before.
UPDATE api_keys SET permissions = REPLACE(permissions, ']', ',"customer.contact"]')
WHERE (permissions LIKE '%"customer.read"%' OR permissions LIKE '%"booking.read"%')
    AND permissions NOT LIKE '%"customer.contact"%';
