//! Owners and members of a network: who may decree what, and what is taken over of what others tell.

use zeroize::Zeroizing;

use super::*;
use crate::db::vault::network_keys::EpochSecret;
use crate::merge::{EPOCH_MAX, charter_id, commitment, digest_of_removed, edict_message};
use crate::model::{Act, Charter, Edict, PeerId};
use crate::store::Identity;

fn stranger() -> PeerId {
    let folder = tempfile::tempdir().unwrap();
    Identity::create(&folder.path().join("identity")).unwrap().peer_id().clone()
}

impl Node {
    fn record(&self) -> crate::model::Network {
        (**self.database.catalog().network("n").unwrap()).clone()
    }

    fn id_text(&self) -> String {
        self.database.peer_id().to_string()
    }

    /// An edict with this node's signature, whether it may decree anything or not.
    fn decreed(&self, charter: &Charter, number: u64, act: Act) -> Edict {
        let (id, signer) = (charter_id("n", &charter.founding), self.database.peer_id());
        let signature = self.database.replica().identity().sign(&edict_message(&id, number, &signer, &act));
        Edict { number, signer, act, signature: Bytes::new(signature) }
    }

    /// An epoch as this node would begin it, whether it may or not.
    fn begun(&self, charter: &Charter, epoch: u64, removed: &[PeerId]) -> (Edict, EpochSecret) {
        let secret = EpochSecret { epoch, salt: [9; 16], secret: Zeroizing::new("another secret".to_string()) };
        let commitment = commitment(&charter_id("n", &charter.founding), epoch, &secret.salt, &secret.secret);
        let known = digest_of_removed(removed);
        let act = Act::Epoch { number: epoch, commitment, removed: removed.to_vec(), known };
        (self.decreed(charter, 1, act), secret)
    }
}

#[test]
fn a_member_can_remove_nobody_and_begin_no_epoch() {
    let a = Node::new();
    let b = Node::member_of(&a);
    let (peer, own) = (stranger(), b.id_text());
    let mut transaction = b.database.begin();
    for refused in [
        transaction.remove_peer("n", peer.as_str()),
        transaction.rotate_secret("n", None),
        transaction.add_owner("n", &own),
        transaction.drop_owner("n", &a.id_text()),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.sqlstate(), "42501", "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains(&a.id_text())), "{error:?}");
    }
    let before = b.record();
    a.define(|transaction| transaction.remove_peer("n", peer.as_str()).unwrap());
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    assert_eq!((b.record().epoch, b.record().removed), (2, vec![peer]));
    assert_eq!((before.epoch, before.removed.len()), (1, 0));
    assert_eq!(b.hear(a.told()), Ok(Adoption::Known));
    let secret = |node: &Node| node.database.replica().epoch_secret(node.network()).unwrap().unwrap().secret;
    assert_eq!(secret(&a), secret(&b));
}

#[test]
fn what_a_member_signs_as_if_it_were_an_owner_is_not_taken() {
    let a = Node::new();
    let (b, c) = (Node::member_of(&a), Node::member_of(&a));
    let charter = a.told().charter;
    let before = c.record();
    for epoch in [2, EPOCH_MAX, u64::MAX] {
        let (edict, secret) = b.begun(&charter, epoch, &[a.database.peer_id()]);
        let forged = Charter { edicts: vec![edict], ..charter.clone() };
        let news = CharterNews { charter: forged.clone(), secret: None };
        assert_eq!(c.hear(news), Ok(Adoption::Known));
        let news = CharterNews { charter: forged, secret: Some(secret) };
        assert_eq!(c.hear(news), Err(ErrorKind::InvalidParameterValue));
        assert_eq!(c.record(), before);
    }
    // In the owner's name, with another's signature.
    let act = Act::AddOwner { peer: b.database.peer_id() };
    let forged = Edict { signer: a.database.peer_id(), ..b.decreed(&charter, 1, act) };
    let news = CharterNews { charter: Charter { edicts: vec![forged], ..charter.clone() }, secret: None };
    assert_eq!(c.hear(news), Ok(Adoption::Forged(a.database.peer_id())));
    // A secret that goes with no epoch.
    let secret = EpochSecret { epoch: 2, salt: [0; 16], secret: Zeroizing::new("another secret".to_string()) };
    let news = CharterNews { charter, secret: Some(secret) };
    assert_eq!(c.hear(news), Err(ErrorKind::InvalidParameterValue));
    assert_eq!(c.record(), before);
}

#[test]
fn the_epoch_of_an_owner_that_was_dropped_is_over_whatever_its_number() {
    let a = Node::new();
    let b = Node::member_of(&a);
    a.define(|transaction| transaction.add_owner("n", &b.id_text()).unwrap());
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    let charter = b.told().charter;
    let (edict, secret) = b.begun(&charter, EPOCH_MAX, &[]);
    let last = CharterNews { charter: Charter { edicts: vec![edict], ..charter }, secret: Some(secret) };
    assert_eq!(a.hear(last.clone()), Ok(Adoption::News));
    assert_eq!(a.record().epoch, EPOCH_MAX);
    let mut transaction = a.database.begin();
    assert_eq!(transaction.rotate_secret("n", None).unwrap_err().sqlstate(), "54000");
    a.define(|transaction| transaction.drop_owner("n", &b.id_text()).unwrap());
    assert_eq!(a.record().epoch, 2);
    assert_eq!(a.hear(last), Err(ErrorKind::InvalidParameterValue), "it does not come back");
    let c = Node::member_of(&a);
    assert_eq!((c.record().epoch, c.record().standing().owners), (2, vec![a.database.peer_id()]));
}

#[test]
fn owners_that_act_at_the_same_time_end_alike() {
    let a = Node::new();
    let b = Node::member_of(&a);
    a.define(|transaction| transaction.add_owner("n", &b.id_text()).unwrap());
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    let (one, other) = (stranger(), stranger());
    a.define(|transaction| transaction.remove_peer("n", one.as_str()).unwrap());
    b.define(|transaction| transaction.remove_peer("n", other.as_str()).unwrap());
    let c = Node::member_of(&b);
    // Whoever hears of both begins another epoch: one of those who were removed may know the secret of this one.
    for _ in 0..3 {
        let (from_a, from_b) = (a.told(), b.told());
        a.hear(from_b.clone()).unwrap();
        b.hear(from_a).unwrap();
        c.hear(from_b).unwrap();
        c.hear(a.told()).unwrap();
    }
    let secret = |node: &Node| node.database.replica().epoch_secret(node.network()).unwrap().unwrap();
    for node in [&a, &b, &c] {
        assert_eq!(node.record().removed.len(), 2);
        assert_eq!(node.record().charter_digest(), a.record().charter_digest());
        assert!(secret(node) == secret(&a));
        assert!(node.record().standing().epoch.unwrap().is_aware);
    }
    assert!(a.record().epoch > 2);
}

#[test]
fn a_network_of_another_founder_is_refused() {
    let (a, other) = (Node::new(), Node::new());
    assert_eq!(a.hear(other.told()), Ok(Adoption::OtherFounder(other.database.peer_id())));
    let careful = Node::joining(Some(&a.id_text()));
    assert_eq!(careful.hear(other.told()), Ok(Adoption::OtherFounder(other.database.peer_id())));
    assert_eq!(careful.hear(a.told()), Ok(Adoption::News));
    let mut transaction = careful.database.begin();
    let founds = transaction.create_network("m", NetworkOptions::default(), None, Vec::new(), Some(&a.id_text()));
    assert_eq!(founds.unwrap_err().kind(), ErrorKind::InvalidParameterValue);
}

#[test]
fn ownership_goes_on_with_a_renewed_identity() {
    let a = Node::new();
    let b = Node::member_of(&a);
    let old = a.database.peer_id();
    a.runtime.block_on(a.database.replica().renew_origin()).unwrap();
    assert_ne!(a.database.peer_id(), old);
    let peer = stranger();
    a.define(|transaction| transaction.remove_peer("n", peer.as_str()).unwrap());
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    assert_eq!((b.record().removed, b.record().standing().owners), (vec![peer], vec![old, a.database.peer_id()]));
}

#[test]
fn a_key_without_a_certificate_takes_nothing_over() {
    let a = Node::new();
    let b = Node::member_of(&a);
    a.write("one", r#"{"x": 1}"#, Stage::PostPending);
    a.post();
    let old = a.database.peer_id();
    // As a directory that was restored without its old key.
    let file = a.directory.path().join("data").join("identity.key");
    std::fs::remove_file(file).unwrap();
    a.runtime.block_on(a.database.replica().renew_origin()).unwrap();
    let new = a.database.peer_id();
    assert_eq!(a.record().standing().owners, std::slice::from_ref(&old));
    assert!(a.record().charter.unwrap().certificates.is_empty());
    // A certificate that the old key did not sign.
    let mut told = b.told();
    let claim = crate::model::Claim::SucceededBy { posted: 1 };
    let signature = Bytes::new(a.database.replica().identity().sign(b"whatever"));
    let forged = crate::model::Certificate { signer: old.clone(), subject: new.clone(), number: 1, claim, signature };
    told.charter.certificates.push(forged);
    told.secret = None;
    assert_eq!(b.hear(told), Ok(Adoption::Forged(old.clone())));
    assert!(!b.record().authors().same_author(&new, &old));
}

#[test]
fn linked_devices_and_refusals() {
    let a = Node::new();
    let b = Node::member_of(&a);
    let (one, other) = (a.id_text(), b.id_text());
    let mut transaction = a.database.begin();
    assert_eq!(transaction.link_peer("n", &one).unwrap_err().sqlstate(), "22023");
    assert_eq!(transaction.link_peer("n", "somebody").unwrap_err().sqlstate(), "22023");
    assert_eq!(transaction.link_peer("m", &other).unwrap_err().sqlstate(), "42704");
    assert_eq!(transaction.unlink_peer("n", &other).unwrap_err().sqlstate(), "42704");
    assert_eq!(Node::joining(None).database.begin().link_peer("n", &other).unwrap_err().sqlstate(), "42501");
    a.define(|transaction| transaction.link_peer("n", &other).unwrap());
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    assert!(!b.record().authors().same_author(&a.database.peer_id(), &b.database.peer_id()));
    b.define(|transaction| transaction.link_peer("n", &one).unwrap());
    assert_eq!(a.hear(b.told()), Ok(Adoption::News));
    assert!(a.record().authors().same_author(&a.database.peer_id(), &b.database.peer_id()));
    // Authorship is not ownership.
    assert!(!a.record().standing().is_owner(&b.database.peer_id()));
    a.define(|transaction| transaction.remove_peer("n", &other).unwrap());
    let authors = a.record().authors();
    assert!(authors.same_author(&a.database.peer_id(), &b.database.peer_id()));
    assert!(!authors.same_author(&b.database.peer_id(), &a.database.peer_id()));
    // What the removed key has ended or begun since counts for nobody.
    b.define(|transaction| transaction.unlink_peer("n", &one).unwrap());
    let late = crate::db::replica::rights::charter::CharterNews { secret: None, ..b.told() };
    assert_eq!(a.hear(late), Ok(Adoption::Known));
    assert_eq!(a.database.begin().link_peer("n", &other).unwrap_err().sqlstate(), "42710");
}

#[test]
fn ownership_is_handed_over_and_the_last_owner_stays() {
    let a = Node::new();
    let b = Node::member_of(&a);
    let mut transaction = a.database.begin();
    assert_eq!(transaction.drop_owner("n", &a.id_text()).unwrap_err().sqlstate(), "55006");
    assert_eq!(transaction.drop_owner("n", stranger().as_str()).unwrap_err().sqlstate(), "42704");
    assert_eq!(transaction.add_owner("n", &a.id_text()).unwrap_err().sqlstate(), "42710");
    assert_eq!(transaction.add_owner("n", "somebody").unwrap_err().sqlstate(), "22023");
    a.define(|transaction| {
        transaction.add_owner("n", &b.id_text()).unwrap();
        transaction.drop_owner("n", &a.id_text()).unwrap();
    });
    assert_eq!(b.hear(a.told()), Ok(Adoption::News));
    let mut transaction = a.database.begin();
    assert_eq!(transaction.rotate_secret("n", None).unwrap_err().sqlstate(), "42501");
    b.define(|transaction| transaction.remove_peer("n", &a.id_text()).unwrap());
    assert_eq!(b.record().removed, [a.database.peer_id()]);
}

#[test]
fn a_network_of_before_gets_its_charter_from_its_founder() {
    let a = Node::new();
    let peer = stranger();
    let mut old = a.record();
    (old.charter, old.epoch, old.removed) = (None, 3, vec![peer.clone()]);
    let change = crate::db::catalog::catalog_change::CatalogChange::PutNetwork(Arc::new(old));
    a.define(|transaction| transaction.change_catalog(change));
    let a = a.restarted();
    let b = Node::member_of(&a);
    assert_eq!((b.record().epoch, b.record().removed), (3, vec![peer]));
    assert_eq!(b.record().standing().owners, [a.database.peer_id()]);
    let c = Node::joining(None);
    let mut transaction = c.database.begin();
    let error = transaction.rotate_secret("n", None).unwrap_err();
    assert!(error.sqlstate() == "42501" && error.hint().unwrap().contains("met no member"), "{error:?}");
}

#[test]
fn a_handle_that_hides_secrets_gives_no_keys_and_no_invitation() {
    let node = Node::new();
    let hidden = node.database.without_secrets();
    let network = Arc::clone(node.database.catalog().network("n").unwrap());
    let refused = [
        hidden.replica().epoch_secret(network.id).map(drop),
        hidden.replica().network_keys(&network).map(drop),
        hidden.replica().charter_news(network.id).map(drop),
        hidden.replica().network_secret("n").map(drop),
    ];
    assert_eq!(refused.map(|result| result.map_err(|error| error.kind())), [Err(ErrorKind::InsufficientPrivilege); 4]);
    assert!(node.database.replica().epoch_secret(network.id).unwrap().is_some());
}
