//! Makes one piece of layer 0 of a graph: from every node a path leads to every other one.
//!
//! A build keeps the nearest links of a node, so a tight cluster may end up with links to nobody outside of it, or a node
//! with no link that leads to it. No walk would find such nodes, however wide it is. Here every node that a root does not
//! reach gets a link from a near one that it does, and every node that does not lead back to the root gets a link to a near
//! one that does. Where a node has no room, its farthest link gives way, unless a path found so far needs it.

#![expect(
    clippy::indexing_slicing,
    reason = "positions come from arrays made together in this module; a saved file is checked when it is loaded"
)]

use super::graph::{Graph, NO_LINK};
use super::row_distance::SeenFrom;
use super::walk::GraphWalk;
use crate::error::Result;

/// Width of the walks that look for a near node.
const EF: usize = 32;

/// Nodes between two reports.
const REPORT_NODES: usize = 1 << 12;

struct Connection<'a, 'r, D> {
    graph: &'a mut Graph,
    distance: D,
    report: &'r mut dyn FnMut(usize) -> Result<()>,
    /// Nodes that were reached, or found to lead back.
    done: usize,
    root: u32,
    /// By which link the root reaches each node: from this one. [`NO_LINK`] where it does not.
    from: Vec<u32>,
    /// By which link each node leads to the root: to this one. [`NO_LINK`] where it does not.
    towards: Vec<u32>,
    walk: GraphWalk,
}

/// Adds the links that are missing; how many. `report` is told now and then how many of the nodes are done.
///
/// # Errors
/// What `report` says, which ends it.
pub fn connect(
    graph: &mut Graph,
    distance: impl Fn(u32, u32) -> f32,
    report: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<usize> {
    let nodes = graph.nodes();
    let Some(root) = graph.root() else { return Ok(0) };
    let (from, towards) = (vec![NO_LINK; nodes], vec![NO_LINK; nodes]);
    let walk = GraphWalk::default();
    let mut connection = Connection { graph, distance, report, done: 0, root, from, towards, walk };
    Ok(connection.reach_all()? + connection.return_from_all()?)
}

impl<D: Fn(u32, u32) -> f32> Connection<'_, '_, D> {
    /// One more node is done.
    fn step(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(REPORT_NODES) { (self.report)(self.done / 2) } else { Ok(()) }
    }

    /// Sees to it that the root reaches every node.
    fn reach_all(&mut self) -> Result<usize> {
        let mut added = 0;
        self.from[self.root as usize] = self.root;
        self.follow(self.root)?;
        for node in (0u32..).take(self.from.len()) {
            if self.from[node as usize] != NO_LINK {
                continue;
            }
            // The root reaches all that it meets on the way.
            let near = self.near(node);
            let source = near.into_iter().find(|source| self.put_link(*source, node));
            // The links of a tree are fewer than its nodes, so that one of them has room.
            let source = source.or_else(|| self.reached().into_iter().find(|source| self.put_link(*source, node)));
            let Some(source) = source else { continue };
            self.from[node as usize] = source;
            self.follow(node)?;
            added += 1;
        }
        Ok(added)
    }

    fn reached(&self) -> Vec<u32> {
        (0u32..).take(self.from.len()).filter(|node| self.from[*node as usize] != NO_LINK).collect()
    }

    /// Notes all that a node newly reached leads to.
    fn follow(&mut self, node: u32) -> Result<()> {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            for next in self.graph.neighbours(node).iter().take_while(|next| **next != NO_LINK) {
                if self.from[*next as usize] == NO_LINK {
                    self.from[*next as usize] = node;
                    waiting.push(*next);
                }
            }
            self.step()?;
        }
        Ok(())
    }

    /// Sees to it that every node leads to the root.
    fn return_from_all(&mut self) -> Result<usize> {
        let mut added = 0;
        let sources = Sources::of(self.graph);
        self.towards[self.root as usize] = self.root;
        self.follow_back(&sources, self.root)?;
        for node in (0u32..).take(self.towards.len()) {
            if self.towards[node as usize] != NO_LINK {
                continue;
            }
            let near = self.near(node);
            let target = near.into_iter().find(|target| self.towards[*target as usize] != NO_LINK);
            let target = target.unwrap_or(self.root);
            let source = match self.put_link(node, target) {
                true => Some(node),
                // Of what the node leads to, something has room: the last node of a path of the tree.
                false => self.led_to(node).into_iter().find(|source| self.put_link(*source, target)),
            };
            let Some(source) = source else { continue };
            self.towards[source as usize] = target;
            self.follow_back(&sources, source)?;
            added += 1;
        }
        Ok(added)
    }

    /// Notes all that lead to a node that newly leads to the root.
    fn follow_back(&mut self, sources: &Sources, node: u32) -> Result<()> {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            for source in sources.of_node(node) {
                // The link may have given way since.
                if self.towards[*source as usize] == NO_LINK && self.graph.neighbours(*source).contains(&node) {
                    self.towards[*source as usize] = node;
                    waiting.push(*source);
                }
            }
            self.step()?;
        }
        Ok(())
    }

    /// A node and all that it leads to, as long as they do not lead to the root.
    fn led_to(&self, node: u32) -> Vec<u32> {
        let mut found = vec![node];
        let mut seen = std::collections::HashSet::from([node]);
        let mut at = 0;
        while at < found.len() {
            for next in self.graph.neighbours(found[at]).iter().take_while(|next| **next != NO_LINK) {
                if self.towards[*next as usize] == NO_LINK && seen.insert(*next) {
                    found.push(*next);
                }
            }
            at += 1;
        }
        found
    }

    /// Nodes that a walk from the root meets on its way to a node, nearest first.
    fn near(&mut self, node: u32) -> Vec<u32> {
        let terrain = SeenFrom { distance: &self.distance, node };
        self.walk.start_at(&[self.root], self.from.len(), &terrain);
        self.walk.widen(self.graph, EF, &terrain);
        let mut met: Vec<(u32, u32)> = self.walk.all_met().filter(|(_, other)| *other != node).collect();
        self.walk.reset();
        met.sort_unstable();
        met.into_iter().map(|(_, node)| node).collect()
    }

    /// Gives a node one more link; false where every link that it has is needed.
    fn put_link(&mut self, source: u32, target: u32) -> bool {
        let is_needed = |next: u32| self.from[next as usize] == source || self.towards[source as usize] == next;
        let links = self.graph.neighbours(source);
        let slot = match links.iter().position(|next| *next == NO_LINK) {
            Some(free) => Some(free),
            None => (0..links.len())
                .filter(|at| !is_needed(links[*at]))
                .max_by(|a, b| (self.distance)(source, links[*a]).total_cmp(&(self.distance)(source, links[*b]))),
        };
        match slot {
            Some(slot) => {
                self.graph.set_link(source, slot, target);
                true
            }
            None => false,
        }
    }
}

/// For each node, those that have a link to it.
struct Sources {
    starts: Vec<usize>,
    sources: Vec<u32>,
}

impl Sources {
    fn of(graph: &Graph) -> Sources {
        let nodes = graph.nodes();
        let links = || {
            (0u32..).take(nodes).flat_map(|node| {
                graph.neighbours(node).iter().take_while(|next| **next != NO_LINK).map(move |next| (node, *next))
            })
        };
        let mut starts = vec![0usize; nodes + 1];
        for (_, target) in links() {
            starts[target as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut sources = vec![0u32; starts[nodes]];
        for (source, target) in links() {
            sources[next[target as usize]] = source;
            next[target as usize] += 1;
        }
        Sources { starts, sources }
    }

    fn of_node(&self, node: u32) -> &[u32] {
        &self.sources[self.starts[node as usize]..self.starts[node as usize + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many nodes a node leads to, itself included.
    fn led_to(graph: &Graph, node: u32) -> usize {
        let mut seen = std::collections::HashSet::from([node]);
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            waiting.extend(graph.neighbours(node).iter().filter(|next| **next != NO_LINK && seen.insert(**next)));
        }
        seen.len()
    }

    #[test]
    fn pieces_become_one() -> Result<()> {
        // Points on a line in piles of seven whose links stay inside, every pile with one point that nothing leads to.
        let lists: Vec<Vec<Vec<u32>>> = (0..70u32)
            .map(|node| {
                let pile = node / 7 * 7;
                let inside = (pile..pile + 7).filter(|other| *other != node && *other != pile + 3);
                vec![inside.take(4).collect()]
            })
            .collect();
        for degree in [2, 4] {
            let mut graph = Graph::from_lists(&lists, degree);
            assert!(led_to(&graph, 0) < 8);
            let distance = |a: u32, b: u32| (f64::from(a) - f64::from(b)).abs() as f32;
            assert!(connect(&mut graph, distance, &mut |_| Ok(()))? >= 18);
            for node in 0..70 {
                assert_eq!(led_to(&graph, node), 70, "from {node} with {degree}");
            }
            assert_eq!(connect(&mut graph, distance, &mut |_| Ok(()))?, 0, "nothing is left to do");
        }
        Ok(())
    }

    #[test]
    fn no_links_at_all() -> Result<()> {
        let mut graph = Graph::from_lists(&vec![vec![Vec::new()]; 40], 2);
        connect(&mut graph, |a, b| (f64::from(a) - f64::from(b)).abs() as f32, &mut |_| Ok(()))?;
        assert!((0..40).all(|node| led_to(&graph, node) == 40));
        let mut empty = Graph::from_lists(&[], 2);
        assert_eq!(connect(&mut empty, |_, _| 0.0, &mut |_| Ok(()))?, 0);
        Ok(())
    }
}
