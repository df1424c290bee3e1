//! Walking two trees side by side in manifest order.

use super::{Listing, path};
use crate::error::Result;
use std::cmp::Ordering;

/// Hands out the listings of one tree as another, the leader, asks for them.
pub struct Follower<F> {
    next: F,
    ahead: Option<Listing>,
    ended: bool,
}

impl<F: FnMut() -> Result<Option<Listing>>> Follower<F> {
    /// Follows with the listings that `next` yields in manifest order.
    pub fn new(next: F) -> Follower<F> {
        Follower { next, ahead: None, ended: false }
    }

    /// The listing of `dir`, if this tree has one. Listings that come before it are for
    /// directories that the leader does not have; they go to `passed`.
    ///
    /// # Errors
    /// The follower's stream failed.
    pub fn listing_of(&mut self, dir: &[u8], mut passed: impl FnMut(Listing)) -> Result<Option<Listing>> {
        loop {
            if self.ahead.is_none() && !self.ended {
                self.ahead = (self.next)()?;
                self.ended = self.ahead.is_none();
            }
            let Some(ahead) = self.ahead.take() else { return Ok(None) };
            match path::compare_dirs(&ahead.dir, dir) {
                Ordering::Less => passed(ahead),
                Ordering::Equal => return Ok(Some(ahead)),
                Ordering::Greater => {
                    self.ahead = Some(ahead);
                    return Ok(None);
                }
            }
        }
    }

    /// Reads to the end; what is left goes to `passed`.
    ///
    /// # Errors
    /// The follower's stream failed.
    pub fn drain(&mut self, mut passed: impl FnMut(Listing)) -> Result<()> {
        while let Some(listing) = match self.ahead.take() {
            Some(ahead) => Some(ahead),
            None if self.ended => None,
            None => (self.next)()?,
        } {
            passed(listing);
        }
        self.ended = true;
        Ok(())
    }
}
