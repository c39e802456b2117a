//! The words of OpenID Connect in the kinds that are used here. `openidconnect` leaves open what else
//! an issuer may say of itself and of people; this closes it. Decides nothing.

use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, ProviderMetadata, StandardErrorResponse,
    StandardTokenResponse, core,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an issuer says of itself, with its keys.
pub(super) type Metadata = ProviderMetadata<
    MoreMetadata,
    core::CoreAuthDisplay,
    core::CoreClientAuthMethod,
    core::CoreClaimName,
    core::CoreClaimType,
    core::CoreGrantType,
    core::CoreJweContentEncryptionAlgorithm,
    core::CoreJweKeyManagementAlgorithm,
    core::CoreJsonWebKey,
    core::CoreResponseMode,
    core::CoreResponseType,
    core::CoreSubjectIdentifierType,
>;

/// Portolan, as an issuer knows it.
pub(super) type Client = openidconnect::Client<
    MoreClaims,
    core::CoreAuthDisplay,
    core::CoreGenderClaim,
    core::CoreJweContentEncryptionAlgorithm,
    core::CoreJsonWebKey,
    core::CoreAuthPrompt,
    StandardErrorResponse<core::CoreErrorResponseType>,
    Tokens,
    core::CoreTokenIntrospectionResponse,
    core::CoreRevocableToken,
    core::CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a code is exchanged for.
pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        MoreClaims,
        EmptyExtraTokenFields,
        core::CoreGenderClaim,
        core::CoreJweContentEncryptionAlgorithm,
        core::CoreJwsSigningAlgorithm,
    >,
    core::CoreTokenType,
>;

/// What an issuer says of somebody who has come.
pub(super) type IdToken = openidconnect::IdToken<
    MoreClaims,
    core::CoreGenderClaim,
    core::CoreJweContentEncryptionAlgorithm,
    core::CoreJwsSigningAlgorithm,
>;

/// What it says in it.
pub(super) type IdTokenClaims = openidconnect::IdTokenClaims<MoreClaims, core::CoreGenderClaim>;

/// What it says of them when it is asked for more.
pub(super) type UserInfoClaims = openidconnect::UserInfoClaims<MoreClaims, core::CoreGenderClaim>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MoreMetadata {
    /// Whether each answer of the issuer names it (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for MoreMetadata {}

/// The claims that have no place of their own: groups, under the name that the operator says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct MoreClaims(pub Map<String, Value>);

impl AdditionalClaims for MoreClaims {}

/// All claims, by name. Nothing when they are no map, which they always are.
pub(super) fn by_name(claims: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => map,
        Ok(_) | Err(_) => Map::new(),
    }
}
