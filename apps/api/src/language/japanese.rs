//! Japanese texts, by code.

mod identity;

/// What a problem's code means.
pub(super) fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_request" => "リクエストの内容に誤りがあります",
        "malformed_json" => "リクエスト本文がJSONとして読み取れません",
        "unauthenticated" => {
            "認証情報が必要です。`Authorization: Bearer <トークン>` にAPIキーまたはアクセストークンを付けて送ってください"
        }
        "bad_credentials" => "認証情報が正しくないか、無効になっています",
        "permission_missing" => "このキーには必要な権限がありません",
        "operator_only" => "運営者だけが行える操作です",
        "not_found" => "見つかりません",
        "method_not_allowed" => "このアドレスでは使えないメソッドです",
        "concurrent_change" => "同時に別の変更が行われました。もう一度お試しください",
        "stale_version" => "すでに変更されています。最新の内容を確認してください",
        "invalid_transition" | "wrong_status" => "現在の状態ではこの操作はできません",
        "idempotency_key_reused" => "この Idempotency-Key は別のリクエストで使われています",
        "slug_taken" => "このスラッグはすでに使われています",
        "line_user_taken" => "このLINEユーザーは別の顧客に登録されています",
        "bad_signature" => "署名が正しくありません",
        "line_not_in_use" => {
            "この店舗はLINEでの連絡に対応していません。店舗の設定（line_integration_active、line_access_token、line_channel_secret）をご確認ください"
        }
        "booking_not_open" => "この予約はキャンセルされたか、すでに終了しています",
        "too_many_requests" => "リクエストが多すぎます。しばらくしてからお試しください",
        "unavailable" | "overloaded" | "timeout" | "database_unavailable" | "master_key_missing" => {
            "ただいま混み合っているか、一時的に利用できません。しばらくしてからお試しください"
        }
        "ephemeral_unavailable" => {
            "ただいまログインや登録の手続きができません。ログイン中の方はそのままご利用いただけます。しばらくしてからお試しください"
        }
        "internal" => "サーバーで問題が発生しました",
        "body_too_large" => "リクエスト本文が大きすぎます(上限 1 MiB)",
        "body_too_slow" => "リクエスト本文が時間内に届きませんでした",
        "body_cut_off" => "リクエスト本文が途中で切れています",
        "uri_too_long" => "アドレスが長すぎます",
        "headers_too_large" => "ヘッダーが大きすぎます",
        "unsupported_media_type" => "このContent-Typeには対応していません",
        "option_not_available" => "選択されたオプションは、このメニューでは利用できません",
        "option_required" => "必須のオプションが選択されていません",
        "resource_not_allowed" => "指名された担当者・設備は、このメニューでは予約できません",
        "resource_required" => "このメニューでは担当者・設備の指名が必要です",
        "outside_opening_hours" => "営業時間外です",
        "off_grid" => "予約できる開始時刻ではありません",
        "resource_unavailable" => "この時間に対応できる担当者・設備がありません",
        "party_exceeds_capacity" => "人数が定員を超えています",
        "slot_taken" => "この時間はすでに埋まっています",
        "store_inactive" => "この店舗は現在営業していません",
        "menu_inactive" => "このメニューは取り扱いを終了しました",
        "store_not_public" => "この店舗は公開ページからの予約を受け付けていません",
        "menu_not_bookable" => "このメニューは現在予約できません",
        "not_bookable_online" => "このメニューはお店へ直接お問い合わせください",
        "too_soon" => "予約の受付時間を過ぎています",
        "too_far_ahead" => "この日の予約受付はまだ始まっていません",
        "same_day_not_accepted" => "当日の予約は受け付けていません",
        "day_limit_reached" => "この日の予約は上限に達しました",
        "party_size_out_of_range" => "このメニューで受け付けられる人数ではありません",
        "customer_restricted" => "現在ご予約いただけません。お店へお問い合わせください",
        "age_unknown" => "年齢制限のあるメニューです。生年月日をご登録ください",
        "age_out_of_range" => "このメニューの対象年齢ではありません",
        "gender_unknown" => "性別の指定があるメニューです。性別をご登録ください",
        "gender_not_admitted" => "このメニューは対象の方が限られています",
        "hold_expired" => "仮押さえの期限が切れたか、すでに使われています。もう一度お選びください",
        "too_late_to_change" => "変更・キャンセルの受付時間を過ぎています。お店へお問い合わせください",
        "not_started" => "予約の開始時刻前です",
        "too_many_endpoints" => "Webhookの送信先は1事業者につき20件までです。先に不要な送信先を削除してください",
        "too_many_secrets" => {
            "同時に使える署名用の秘密鍵は5個までです。前の鍵の期限が切れるのを待つか、overlap_hours を 0 にしてすべて直ちに終了してください"
        }
        "too_many_templates" => "店舗独自の文面は1店舗につき200件までです。先に不要な文面を削除してください",
        "too_many_promotions" => {
            "送信待ちのご案内は1店舗につき100件までです。不要なものを取り消すか、送信が終わるまでお待ちください"
        }
        "endpoint_disabled" => "このWebhook送信先は停止中です。先に有効にしてください",
        "customer_info_required" => "お名前と電話番号が必要です",
        "no_longer_own" => "この変更を行うと、ご自身が担当する予約ではなくなります",
        "since_not_before_until" => "since は until より前でなければなりません",
        "not_failed" => "送信に失敗した通知ではありません",
        "too_late_to_send" => "お知らせする期限を過ぎています",
        "offers_switched_off" => "この店舗の通知設定では、ご案内(promotional)の送信が停止されています",
        _ => return identity::sentence(code),
    })
}

/// What a violation's code means.
pub(super) fn violation(code: &str) -> Option<&'static str> {
    Some(match code {
        "missing" | "required" => "必須の項目です",
        "unknown_field" | "unknown_parameter" | "unknown_member" => "この項目はありません",
        "wrong_type" | "not_a_boolean" | "not_an_object" | "not_a_text" => "値の型が正しくありません",
        "bad_format" | "invalid_value" => "形式が正しくありません",
        "not_one_of" => "選べる値ではありません",
        "too_small" | "too_large" | "out_of_range" => "値が範囲外です",
        "too_short" | "too_long" | "bad_length" => "長さが範囲外です",
        "too_many" | "too_few" | "too_many_days" => "数が範囲外です",
        "blank" | "empty" => "空にはできません",
        "repeated" | "not_unique" | "duplicate_field" => "重複しています",
        "nul_character" | "control_character" => "使えない文字が含まれています",
        "bad_phone" => "電話番号が正しくありません",
        "bad_email" => "メールアドレスが正しくありません",
        "bad_url" => "URLが正しくありません",
        "bad_color" => "色は #rrggbb の形で指定してください",
        "bad_cursor" => "カーソルが正しくありません",
        "not_a_whole_minute" => "秒のない時刻で指定してください",
        "in_the_past" => "過ぎた日時は指定できません",
        "too_far_ahead" => "先すぎる日時は指定できません",
        "bad_range" => "範囲の終わりは始まりより後でなければなりません",
        "open_not_before_close" => "開始は終了より前でなければなりません",
        "intervals_overlap" => "時間帯が重なっているか、順番が正しくありません",
        "not_allowed" | "not_supported" => "ここでは指定できません",
        "permission_not_held" => "ご自身が持たない権限は与えられません",
        "not_of_a_store" => "店舗では使えない権限です",
        "unknown_user" => "サインインできる利用者ではありません",
        "masked" => "伏せ字のままでは登録できません",
        "unknown_age_group" => "この年齢層はありません",
        "unknown_store" => "この事業者の店舗ではありません",
        "unknown_event" => "該当するイベントがありません",
        "not_an_address" | "has_fragment" => "Webhookの送信先として使えるアドレスではありません",
        "not_https" => "https:// で始まるアドレスを指定してください",
        "credentials_in_address" => "アドレスにユーザー名やパスワードを含めないでください",
        "ip_address_as_host" => {
            "IPアドレスではなくホスト名で指定してください。組織内のネットワークは、この環境の管理者だけが許可できます"
        }
        "local_host" | "not_public" => {
            "公開されたホストを指定してください。組織内のネットワークは、この環境の管理者だけが許可できます"
        }
        "port_not_allowed" => "このポートは使えません",
        "unknown_language" => "言語は ja か en で指定してください",
        "bad_channels" => "line・email・sms を重複なく1つ以上指定してください",
        "bad_quiet_hours" => "false か、from と to を持つオブジェクトで指定してください",
        "not_declinable" => "予約の状況のお知らせは、種類ごとには止められません。チャンネルごとに止めてください",
        "not_for_channel" => "このチャンネルでは使えない項目です",
        "template_syntax" => "テンプレートの書き方が正しくありません",
        "unknown_variable" => "この種類の通知では使えない変数です",
        "unknown_function" => "使えないフィルターまたは関数です",
        "template_fails" => "テンプレートを展開できません",
        "template_too_costly" => "テンプレートの処理が多すぎます",
        "says_nothing" => "展開した結果が空になります",
        "unknown_resource" => "この店舗の担当者・設備ではありません",
        _ => return None,
    })
}
