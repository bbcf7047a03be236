extension ShortAuthenticationString {
  /// One word for each number from 0 to 99: short, common, no two alike in their first three letters or within two
  /// letters of each other. The order is part of the protocol: two boards with different lists would show different
  /// words for the same number.
  static let wordList = [
    "acorn", "amber", "anchor", "apple", "arrow", "avocado", "bamboo", "banana", "bicycle", "branch",
    "breeze", "butter", "cabbage", "cactus", "carpet", "castle", "cherry", "chimney", "cinema", "circus",
    "cloud", "comet", "copper", "cotton", "cowboy", "dentist", "dinner", "dolphin", "dragon", "drum",
    "eagle", "echo", "elbow", "engine", "family", "feather", "flute", "forest", "fossil", "galaxy",
    "garden", "giraffe", "gravel", "guitar", "igloo", "insect", "island", "ivory", "jacket", "jelly",
    "jungle", "kettle", "kitchen", "kiwi", "ladder", "lantern", "lemon", "lizard", "magnet", "mango",
    "meadow", "mirror", "monkey", "mustard", "needle", "ocean", "olive", "onion", "orbit", "oxygen",
    "oyster", "panda", "pencil", "pilot", "planet", "pumpkin", "puzzle", "quartz", "rabbit", "radio",
    "ribbon", "robot", "salmon", "spider", "sugar", "thunder", "tiger", "tomato", "tractor", "tulip",
    "tunnel", "turtle", "velvet", "violin", "volcano", "walnut", "whistle", "window", "yogurt", "zebra",
  ]
}
