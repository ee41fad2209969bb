//! Japanese texts about people and their sign-ins, by code.

/// What a problem's code means.
pub(super) fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "support_only" => "利用者を管理する担当者だけが行える操作です",
        "moderator_only" => "利用者の行為について判断する担当者だけが行える操作です",
        "person_only" => "サインインした本人だけが行える操作です",
        "second_factor_required" => "この操作には二段階認証でのサインインが必要です",
        "outranked" => "ご自身より多くの権限を持つ相手には行えません",
        "own_account" => "ご自身の権限は変更できません",
        "own_second_factor" => "ご自身の二段階認証は、アカウントの設定から解除してください",
        "own_ban" => "ご自身を利用停止にはできません",
        "last_owner" => "店舗にはオーナーが一人は必要です。先に別のオーナーを招待してください",
        "must_be_invited" => "退職したスタッフは、招待を承諾すると復帰できます",
        "already_staff" => "すでにこの店舗のスタッフです",
        "invitation_for_another_address" => "この招待は別のメールアドレス宛てです",
        "too_many_invitations" => "未承諾の招待が多すぎます。不要なものを取り消してください",
        "wordpress_user_taken" => "このWordPress会員は別の利用者に登録されています",
        "wrong_passkey" => "このパスキーではログインできません",
        "passkey_refused" => "このパスキーは登録できません",
        "passkey_taken" => "このパスキーはすでに登録されています",
        "too_many_passkeys" => "パスキーは20個まで登録できます。使わないものを削除してください",
        "ceremony_over" => "パスキーの手続きが終了しました。最初からやり直してください",
        "no_second_factor" | "second_factor_needed" => "この方法では本人確認ができません",
        "cross_site_request" => "許可されていないサイトからの操作のため、受け付けられません",
        "wrong_credentials" => "メールアドレスまたはパスワードが違います",
        "too_many_attempts" => "試行回数が多すぎます。しばらくしてからお試しください",
        "sign_in_busy" => "ログインが混み合っています。しばらくしてからお試しください",
        "session_ended" => "ログインの有効期限が切れました。もう一度ログインしてください",
        "token_spent" => "このリンクは使えません。もう一度リンクをお送りください",
        "challenge_over" => "ログインの手続きが終了しました。最初からやり直してください",
        "wrong_code" => "コードが違うか、すでに使われています",
        "factor_not_open" => "この方法ではログインを完了できません",
        "second_factor_locked" => "確認コードの間違いが続きました。しばらくしてからお試しください",
        "code_sent_recently" => "コードを送信したばかりです。少し待ってからお試しください",
        "too_many_codes" => "コードの送信が多すぎます。明日お試しいただくか、別の方法をお使いください",
        "step_up_required" => "続けるには、もう一度本人確認をしてください",
        "two_factor_active" => "二段階認証はすでに設定されています",
        "wrong_proof" => "正しくないか、すでに使われています",
        "no_password" => "パスワードが設定されていません",
        "wrong_registration_password" => "登録時に設定したパスワードと一致しません",
        "wrong_password" => "現在のパスワードが違います",
        "last_account" => "最後のログイン方法は解除できません",
        "already_registered" => "このメールアドレスはすでに登録されています。ログインしてください",
        "email_taken" => "このメールアドレスは別のアカウントで使われています",
        "operator_key_spent" | "operator_key_is_set" | "bad_operator_key" => "この運営者キーは使えません",
        "unknown_issuer" => "このログイン方法は利用できません",
        "sign_in_given_up" => "連携先でログインが取り消されました",
        "sign_in_state" | "sign_in_issuer" | "sign_in_code" => {
            "ログインを確認できませんでした。もう一度最初からお試しください"
        }
        "sign_in_refused" => "連携先がログインを受け付けませんでした",
        "issuer_unavailable" => "連携先に接続できません。しばらくしてからお試しください",
        "prove_first" => {
            "このメールアドレスはすでに登録されています。これまでの方法でログインしてから、このアカウントを連携してください"
        }
        "account_belongs_to_another" => "このアカウントは別の方のログインに使われています",
        code if code.starts_with("id_token_") => "IDトークンを確認できませんでした。もう一度最初からお試しください",
        _ => return None,
    })
}
