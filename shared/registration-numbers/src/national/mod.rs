//! Algorithms that only one country's scheme uses, and the ranges and prefixes that some registers assign.

mod americas;
mod asia_pacific;
mod eastern_europe;
mod western_europe;

use serde::Deserialize;

use crate::german_register;

/// An algorithm of one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum National {
    AtRegister,
    AtVat,
    AuAbn,
    BeEnterprise,
    BgVat,
    BirthNumber,
    BrCnpj,
    ByUnp,
    CyVat,
    DeRegister,
    EcRuc,
    EsCif,
    FrSiret,
    FrVat,
    GbVat,
    Gs1,
    IdNpwp,
    IeVat,
    IsKennitala,
    KrBusiness,
    LtVat,
    LvVat,
    MxRfc,
    NzIrd,
    RoCui,
    RoRegister,
    SgUen,
    SkVat,
    TrVkn,
    TwUbn,
    UaEdrpou,
    UsEin,
}

impl National {
    /// Returns whether `number` meets the algorithm.
    pub(crate) fn holds(self, number: &[char]) -> bool {
        match self {
            Self::AtRegister => western_europe::at_register(number),
            Self::AtVat => western_europe::at_vat(number),
            Self::AuAbn => asia_pacific::au_abn(number),
            Self::BeEnterprise => western_europe::be_enterprise(number),
            Self::BgVat => eastern_europe::bg_vat(number),
            Self::BirthNumber => eastern_europe::birth_number(number),
            Self::BrCnpj => americas::br_cnpj(number),
            Self::ByUnp => eastern_europe::by_unp(number),
            Self::CyVat => eastern_europe::cy_vat(number),
            Self::DeRegister => german_register::is_normalized(&number.iter().collect::<String>()),
            Self::EcRuc => americas::ec_ruc(number),
            Self::EsCif => western_europe::es_cif(number),
            Self::FrSiret => western_europe::fr_siret(number),
            Self::FrVat => western_europe::fr_vat(number),
            Self::GbVat => western_europe::gb_vat(number),
            Self::Gs1 => asia_pacific::gs1(number),
            Self::IdNpwp => asia_pacific::id_npwp(number),
            Self::IeVat => western_europe::ie_vat(number),
            Self::IsKennitala => western_europe::is_kennitala(number),
            Self::KrBusiness => asia_pacific::kr_business(number),
            Self::LtVat => eastern_europe::lt_vat(number),
            Self::LvVat => eastern_europe::lv_vat(number),
            Self::MxRfc => americas::mx_rfc(number),
            Self::NzIrd => asia_pacific::nz_ird(number),
            Self::RoCui => eastern_europe::ro_cui(number),
            Self::RoRegister => eastern_europe::ro_register(number),
            Self::SgUen => asia_pacific::sg_uen(number),
            Self::SkVat => eastern_europe::sk_vat(number),
            Self::TrVkn => eastern_europe::tr_vkn(number),
            Self::TwUbn => asia_pacific::tw_ubn(number),
            Self::UaEdrpou => eastern_europe::ua_edrpou(number),
            Self::UsEin => americas::us_ein(number),
        }
    }
}
