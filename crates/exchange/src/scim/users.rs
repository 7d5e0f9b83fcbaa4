//! People.

use super::{
    Object, PORTION, ScimList, ScimQuery, ScimResource, Wanted, external_id, problem, renamed,
    selection, still, text_of, wrong_value,
};
use crate::act::{Keep, change, done, new_id, not_found, raced};
use crate::authz::Access;
use crate::leavers;
use crate::people::{licences_parse, upn_parse};
use crate::{Cx, Exchange, records};
use api_types::{ErrorCode, Problem};
use domain::line::AssignmentCategory;
use domain::policy::is_mail_address;
use domain::{TenantId, UserId};
use feed::change::Change;
use numbering::Country;
use scim::{TELEPHONY_URN, USER, USER_URN};
use serde_json::{Value, json};
use store::{Db, Directory, Json, PersonRow, Tx};
use uuid::Uuid;

fn etag(row: &PersonRow) -> String {
    format!("W/\"{}\"", row.version)
}

/// A person as a resource, whole.
fn resource(row: &PersonRow, base: &str) -> Object {
    let id = row.id.to_string();
    let mut made = Object::new();
    let mut put = |name: &str, value: Value| {
        made.insert(name.to_owned(), value);
    };
    put("schemas", json!([USER_URN, TELEPHONY_URN]));
    put("id", json!(id));
    if let Some(external) = &row.external_id {
        put("externalId", json!(external));
    }
    put("userName", json!(row.upn));
    let about = row.directory.as_ref().map(|about| about.0.clone()).unwrap_or_default();
    let mut name = Object::new();
    for (part, value) in [("familyName", &about.family_name), ("givenName", &about.given_name)] {
        if let Some(value) = value {
            name.insert(part.to_owned(), json!(value));
        }
    }
    name.insert("formatted".to_owned(), json!(row.display_name));
    put("name", Value::Object(name));
    put("displayName", json!(row.display_name));
    put("active", json!(row.active));
    if let Some(mail) = &about.mail {
        put("emails", json!([{ "value": mail, "type": "work", "primary": true }]));
    }
    let mut telephony = json!({ "licences": row.licences.0, "country": row.country.to_string() });
    let mut phones = Vec::new();
    if let Some(number) = row.number {
        let number = number.to_string();
        phones.push(json!({ "value": number, "type": "work", "primary": true }));
        telephony["number"] = json!(number);
    }
    // A private line is known to few: it goes to no directory.
    let lines = row.lines().into_iter().filter(|(of, _)| *of == AssignmentCategory::Alternate);
    phones.extend(lines.map(
        |(_, number)| json!({ "value": number.to_string(), "type": "other", "primary": false }),
    ));
    if !phones.is_empty() {
        put("phoneNumbers", json!(phones));
    }
    put(TELEPHONY_URN, telephony);
    let mut meta = json!({
        "resourceType": "User",
        "location": format!("{base}/Users/{id}"),
        "version": etag(row),
    });
    if let Some(created) = super::made_at(row.id.0) {
        meta["created"] = json!(created);
    }
    put("meta", meta);
    made
}

/// What a resource says of a person, parsed; `None` of what it may leave out.
struct Person {
    upn: String,
    username: String,
    display_name: String,
    external_id: Option<String>,
    active: Option<bool>,
    country: Option<Country>,
    lives_in: Option<Country>,
    licences: Option<Vec<String>>,
    about: Directory,
}

/// Longest part of a name, characters.
const MOST_NAME: usize = 100;

impl Person {
    fn read(resource: &Object) -> Result<Self, Problem> {
        let upn = text_of(resource, "userName")
            .ok_or_else(|| wrong_value("userName", "it is missing"))?;
        let (upn, username) = upn_parse(upn).map_err(|refused| renamed(refused, "userName"))?;
        let name = resource.get("name").and_then(Value::as_object);
        let part = |part: &str| -> Result<Option<String>, Problem> {
            match name.and_then(|name| text_of(name, part)) {
                Some(text)
                    if text.chars().count() > MOST_NAME || text.chars().any(char::is_control) =>
                {
                    let reason = format!("it is 1 to {MOST_NAME} characters long");
                    Err(wrong_value(&format!("name.{part}"), reason))
                }
                text => Ok(text.map(str::to_owned)),
            }
        };
        let (given_name, family_name) = (part("givenName")?, part("familyName")?);
        let both = [given_name.as_deref(), family_name.as_deref()];
        let both: Vec<_> = both.into_iter().flatten().collect();
        let display_name = match (text_of(resource, "displayName"), part("formatted")?) {
            (Some(name), _) => name.to_owned(),
            (None, Some(name)) => name,
            (None, None) if !both.is_empty() => both.join(" "),
            (None, None) => upn.clone(),
        };
        let display_name = crate::act::text("displayName", &display_name, MOST_NAME)
            .map_err(|refused| renamed(refused, "displayName"))?;
        let telephony = resource.get(TELEPHONY_URN).and_then(Value::as_object);
        let country = telephony.and_then(|own| text_of(own, "country"));
        let country = country.map(|text| {
            Country::parse(&text.to_ascii_uppercase())
                .map_err(|error| wrong_value("country", format!("{text:?}: {error}")))
        });
        // Identity providers send an address by themselves; where its country is a code it says
        // where somebody new works.
        let addresses = resource.get("addresses").and_then(Value::as_array);
        let lives_in = addresses.into_iter().flatten().find_map(|address| {
            let country = text_of(address.as_object()?, "country")?;
            Country::parse(&country.to_ascii_uppercase()).ok()
        });
        let licences = telephony.and_then(|own| own.get("licences")).and_then(Value::as_array);
        let licences = licences.map(|all| {
            let texts: Vec<_> = all.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            licences_parse(&texts).map_err(|refused| renamed(refused, "licences"))
        });
        Ok(Self {
            upn,
            username,
            display_name,
            external_id: external_id(resource)?,
            active: resource.get("active").and_then(Value::as_bool),
            country: country.transpose()?,
            lives_in,
            licences: licences.transpose()?,
            about: Directory { given_name, family_name, mail: mail(resource)? },
        })
    }
}

/// The address that counts: the primary one, that of work, the first.
fn mail(resource: &Object) -> Result<Option<String>, Problem> {
    let all = resource.get("emails").and_then(Value::as_array);
    let all: Vec<&Object> = all.into_iter().flatten().filter_map(Value::as_object).collect();
    let of = |wanted: &dyn Fn(&Object) -> bool| {
        all.iter().find(|mail| wanted(mail) && text_of(mail, "value").is_some())
    };
    let found = of(&|mail| mail.get("primary") == Some(&Value::Bool(true)))
        .or_else(|| of(&|mail| text_of(mail, "type") == Some("work")))
        .or_else(|| of(&|_| true));
    match found.and_then(|mail| text_of(mail, "value")) {
        Some(text) if !is_mail_address(text) => {
            Err(wrong_value("emails", format!("{text:?} is no mail address")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

async fn person_must(
    db: &mut Db,
    tenant: TenantId,
    id: Uuid,
) -> Result<PersonRow, crate::act::Fail> {
    Ok(db.person_get(tenant, UserId(id)).await?.ok_or_else(|| not_found("user", id))?)
}

fn taken(other: &str) -> Problem {
    let reason = format!("{other} has this name, or this phone user name");
    ErrorCode::Conflict.problem(Some("userName"), reason)
}

impl Exchange {
    /// People of the directory.
    ///
    /// # Errors
    /// `scim_invalid_filter` and its like, `forbidden`.
    pub async fn scim_user_list(
        &self,
        cx: &Cx,
        base: &str,
        query: &ScimQuery,
    ) -> Result<ScimList, Problem> {
        let tenant = cx.directory(Access::Read)?;
        let wanted = Wanted::read(&USER, query)?;
        let (start, count) = (wanted.start, wanted.count);
        let known = ["id", "userName", "externalId"].map(|name| wanted.demands(name));
        let is_plain = wanted.filter.is_none() && wanted.sort.is_none();
        let found = self
            .view_as(cx, async |mut db: Db| {
                if is_plain {
                    let total = db.person_count(tenant).await?;
                    let rows = db.person_portion(tenant, start - 1, count as u32).await?;
                    return Ok((rows, Some(total)));
                }
                let rows = match &known {
                    [Some(id), ..] => match id.parse() {
                        Ok(id) => db.person_get(tenant, UserId(id)).await?.into_iter().collect(),
                        Err(_) => Vec::new(),
                    },
                    [_, Some(upn), _] => {
                        db.person_by_upn(tenant, &upn.to_ascii_lowercase()).await?
                    }
                    [.., Some(external)] => db.person_by_external(tenant, external).await?,
                    _ => {
                        let mut all = Vec::new();
                        loop {
                            let more = db.person_portion(tenant, all.len() as i64, PORTION).await?;
                            let is_end = more.len() < PORTION as usize;
                            all.extend(more);
                            if is_end {
                                break all;
                            }
                        }
                    }
                };
                Ok((rows, None))
            })
            .await?;
        let (rows, total) = found;
        let all = rows.iter().map(|row| resource(row, base));
        Ok(match total {
            Some(total) => wanted.list(usize::try_from(total).unwrap_or_default(), all),
            None => wanted.page(all.filter(|resource| wanted.matches(resource)).collect()),
        })
    }

    /// One person.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn scim_user_get(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| person_must(&mut db, tenant, id).await).await?;
        Ok(answer(&row, base, query))
    }

    /// Adds a person.
    ///
    /// # Errors
    /// `scim_invalid_value` names the attribute; `conflict` where somebody has the name;
    /// `change_freeze`, `forbidden`.
    pub async fn scim_user_create(
        &self,
        cx: &Cx,
        base: &str,
        body: Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let given = scim::tidy(&USER, body).map_err(|error| problem(&error))?;
        let person = Person::read(&given)?;
        self.act(cx, "directory.user_create", Keep::Answer, async |mut tx| {
            if let Some(other) = tx.person_taken(tenant, &person.upn, &person.username).await? {
                return Err(taken(&other).into());
            }
            let country = match person.country.or(person.lives_in) {
                Some(country) => country,
                // Most have one country, and identity providers send none by themselves.
                None => {
                    let first = tx.address_list(tenant, None, 1).await?;
                    let missing = || {
                        let reason = "it is missing, and you have no civic address that would \
                                      tell which";
                        wrong_value("country", reason)
                    };
                    first.first().map(|address| address.country).ok_or_else(missing)?
                }
            };
            let row = PersonRow {
                id: UserId(new_id()),
                tenant_id: tenant,
                upn: person.upn.clone(),
                username: person.username.clone(),
                display_name: person.display_name.clone(),
                country,
                licences: Json(person.licences.clone().unwrap_or_default()),
                version: 1,
                number: None,
                others: None,
                ha1_sha256: None,
                ha1_md5: None,
                external_id: person.external_id.clone(),
                active: person.active.unwrap_or(true),
                directory: Some(Json(person.about.clone())),
            };
            tx.person_insert(&row).await?;
            change(&mut tx, &Change::UserPut(records::user(&row)));
            done(answer(&row, base, query), row.id)
        })
        .await
    }

    /// Replaces a person. What a client may not know of stays where it says nothing: licences,
    /// country, and whether the person is active.
    ///
    /// # Errors
    /// As [`Exchange::scim_user_create`], and `not_found`, `version_mismatch`.
    pub async fn scim_user_replace(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        if_match: Option<&str>,
        body: Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let given = scim::tidy(&USER, body).map_err(|error| problem(&error))?;
        let person = Person::read(&given)?;
        self.act(cx, "directory.user_replace", Keep::Answer, async |mut tx| {
            let row = person_must(&mut tx, tenant, id).await?;
            still(if_match, &etag(&row))?;
            let row = save(&mut tx, row, &person).await?;
            done(answer(&row, base, query), id)
        })
        .await
    }

    /// Changes a person.
    ///
    /// # Errors
    /// As [`Exchange::scim_user_replace`], and what a PATCH may be refused for.
    pub async fn scim_user_update(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        if_match: Option<&str>,
        body: &Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let operations = scim::operations(body).map_err(|error| problem(&error))?;
        self.act(cx, "directory.user_update", Keep::Answer, async |mut tx| {
            let row = person_must(&mut tx, tenant, id).await?;
            still(if_match, &etag(&row))?;
            let before = resource(&row, base);
            let mut after = before.clone();
            scim::apply(&USER, &mut after, &operations).map_err(|error| problem(&error))?;
            follow_parts(&before, &mut after);
            let mut person = Person::read(&after)?;
            // A PATCH has all there is before it: what is missing now was removed (RFC 7644
            // section 3.5.2.2), other than where a PUT says nothing of it.
            person.licences.get_or_insert_default();
            let row = save(&mut tx, row, &person).await?;
            done(answer(&row, base, query), id)
        })
        .await
    }

    /// Removes a person; what becomes of their number, the tenant's settings say.
    ///
    /// # Errors
    /// `number_held` where the number is to stay; `not_found`, `version_mismatch`,
    /// `change_freeze`, `forbidden`.
    pub async fn scim_user_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<&str>,
    ) -> Result<(), Problem> {
        let tenant = cx.directory(Access::Write)?;
        self.act(cx, "directory.user_remove", Keep::Nothing, async |mut tx| {
            let row = person_must(&mut tx, tenant, id).await?;
            still(if_match, &etag(&row))?;
            leavers::remove(&mut tx, &row).await?;
            done((), id)
        })
        .await
    }
}

/// A name whose whole is nobody's own follows its parts.
fn follow_parts(before: &Object, after: &mut Object) {
    let same = |name: &str| before.get(name) == after.get(name);
    let whole = |object: &Object| object.get("name").and_then(|n| n.get("formatted")).cloned();
    if whole(before) != whole(after) {
        // The whole name was written: it is shown, unless that was written too.
        if same("displayName")
            && let Some(name) = whole(after)
        {
            after.insert("displayName".to_owned(), name);
        }
    } else if !same("displayName")
        && let Some(name) = after.get("displayName").cloned()
        && let Some(parts) = after.get_mut("name").and_then(Value::as_object_mut)
    {
        parts.insert("formatted".to_owned(), name);
    }
}

async fn save(
    tx: &mut Tx,
    before: PersonRow,
    person: &Person,
) -> Result<PersonRow, crate::act::Fail> {
    let tenant = before.tenant_id;
    if person.upn != before.upn
        && let Some(other) = tx.person_named_other(tenant, &person.upn, before.id).await?
    {
        return Err(taken(&other).into());
    }
    let mut row = before.clone();
    // The phone's user name stays: its password is bound to it.
    row.upn.clone_from(&person.upn);
    row.display_name.clone_from(&person.display_name);
    row.external_id.clone_from(&person.external_id);
    row.directory = Some(Json(person.about.clone()));
    row.active = person.active.unwrap_or(before.active);
    if let Some(country) = person.country.filter(|country| *country != before.country) {
        let reason = format!("country: {} cannot become {country}", before.country);
        return Err(ErrorCode::ScimMutability.problem(Some("country"), reason).into());
    }
    if let Some(licences) = &person.licences {
        row.licences = Json(licences.clone());
    }
    let kept = |row: &PersonRow| {
        let about = row.directory.clone().map(|about| about.0).unwrap_or_default();
        let PersonRow { upn, display_name, external_id, active, licences, .. } = row.clone();
        (upn, display_name, external_id, active, licences.0, about)
    };
    if kept(&row) == kept(&before) {
        // What changes nothing is no entry of any log: a provider may write a name in other
        // letters with each of its rounds.
        tx.discard();
        return Ok(before);
    }
    raced(tx.person_save(&row).await?)?;
    row.version += 1;
    if before.active && !row.active {
        row = leavers::deactivated(tx, row).await?;
    }
    change(tx, &Change::UserPut(records::user(&row)));
    Ok(row)
}

fn answer(row: &PersonRow, base: &str, query: &ScimQuery) -> ScimResource {
    ScimResource {
        id: row.id.to_string(),
        version: etag(row),
        body: selection(&USER, query).of(resource(row, base)),
    }
}
