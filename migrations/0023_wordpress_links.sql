-- Which member of the WordPress site a person is: one of each.
CREATE TABLE IF NOT EXISTS wordpress_links (
    user_id {uuid} NOT NULL,
    wp_user_id {bigint} NOT NULL,
    linked_at {timestamp} NOT NULL,
    CONSTRAINT pk_wordpress_links PRIMARY KEY (user_id),
    CONSTRAINT uk_wordpress_links_wp_user UNIQUE (wp_user_id),
    CONSTRAINT fk_wordpress_links_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_wordpress_links_wp_user CHECK (wp_user_id > 0)
);
