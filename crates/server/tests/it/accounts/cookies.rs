//! Sessions of browsers: in cookies, and of no use to other sites.

use super::*;

/// The cookie's pair and its attributes.
fn cookies(answer: &Answer) -> Result<Vec<(String, String)>> {
    let values = answer.headers.get_all("set-cookie").iter();
    values
        .map(|value| {
            let (pair, rest) = value.to_str()?.split_once("; ").context("attributes")?;
            Ok((pair.to_owned(), rest.to_owned()))
        })
        .collect()
}

/// A browser on a page of this Portolan, or of another.
async fn send(
    app: &TestApp,
    method: reqwest::Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Result<Answer> {
    let request = app.owner.anonymous().request(method, path).json(&body);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.owner.send(request).await
}

story! {
    /// A browser signs in, changes something, and signs out; another site does none of that.
    async fn a_browser_signs_in(app) {
        let_in(app).await?;
        let own = app.owner.url.clone();
        let body = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
        let post = reqwest::Method::POST;
        let evil = [("origin", "https://evil.example")];
        for headers in [&[][..], &evil[..], &[("origin", "null")][..]] {
            send(app, post.clone(), "/v1/sessions", headers, body.clone()).await?.problem(403)?;
        }
        let page = ("origin", own.as_str());
        let answer = send(app, post.clone(), "/v1/sessions", &[page], body.clone()).await?;
        let created: CreatedSession = answer.created()?;
        ensure!(created.secret.is_none() && created.device.is_none(), "{}", answer.text);
        let set = cookies(&answer)?;
        assert_eq!(set.len(), 2);
        for (pair, attributes) in &set {
            ensure!(pair.starts_with("__Host-portolan"), "{pair}");
            for wanted in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                ensure!(attributes.split("; ").any(|one| one == wanted), "{attributes}");
            }
            ensure!(!attributes.contains("Domain"), "{attributes}");
        }
        let jar = format!("{}; {}", set[0].0, set[1].0);
        let jar = ("cookie", jar.as_str());

        let get = reqwest::Method::GET;
        send(app, get.clone(), "/v1/session", &[jar], json!({})).await?.ok::<Value>()?;
        let key = json!({ "name": "by-cookie" });
        for headers in [
            vec![jar],
            vec![jar, evil[0]],
            vec![jar, ("sec-fetch-site", "cross-site"), page],
            vec![jar, ("sec-fetch-site", "same-site"), page],
        ] {
            send(app, post.clone(), "/v1/keys", &headers, key.clone()).await?.problem(403)?;
        }
        let keys: Value = app.owner.get("/v1/keys").await?.ok()?;
        assert_eq!(keys["items"], json!([]));
        let same = [jar, ("sec-fetch-site", "same-origin")];
        send(app, post.clone(), "/v1/keys", &same, key.clone()).await?.created::<Value>()?;

        // The device is known: no other secret for it.
        let again = send(app, post, "/v1/sessions", &[page, jar], body).await?;
        assert_eq!(cookies(&again)?.len(), 1);
        // The next session comes the way that this one did.
        let change = json!({ "current": PASSWORD, "new": OTHER });
        let put = reqwest::Method::PUT;
        let answer = send(app, put, "/v1/user/password", &[page, jar], change).await?;
        let renewed: RenewedSession = answer.ok()?;
        ensure!(renewed.secret.is_none(), "{}", answer.text);
        let next = cookies(&answer)?.remove(0).0;
        let next = ("cookie", next.as_str());
        send(app, get.clone(), "/v1/session", &[jar], json!({})).await?.problem(401)?;
        send(app, get.clone(), "/v1/session", &[next], json!({})).await?.ok::<Value>()?;
        let gone = send(app, reqwest::Method::DELETE, "/v1/session", &[page, next], json!({})).await?;
        assert_eq!(gone.status, 204);
        ensure!(cookies(&gone)?[0].1.contains("Max-Age=0"), "the cookie stays");
        send(app, get, "/v1/session", &[next], json!({})).await?.problem(401)?;
    }
}

story! {
    /// A token is for programs: as a cookie it is nothing, and a header goes before a cookie.
    async fn a_token_is_no_cookie(app) {
        let body = json!({ "name": "t", "abilities": ["owner"] });
        let token: Value = app.owner.post("/v1/tokens", body).await?.created()?;
        let secret = token["secret"].as_str().context("a secret")?;
        let cookie = format!("__Host-portolan={secret}");
        let get = reqwest::Method::GET;
        let answer = send(app, get.clone(), "/v1/session", &[("cookie", &cookie)], json!({})).await?;
        answer.problem(401)?;
        let bearer = format!("Bearer {secret}");
        let both = [("cookie", "__Host-portolan=x"), ("authorization", bearer.as_str())];
        send(app, get, "/v1/session", &both, json!({})).await?.ok::<Value>()?;
    }
}
